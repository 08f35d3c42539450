/* SPDX-License-Identifier: Apache-2.0 */
/* For every error id an example of its cause and of its cure, as `firn help E1234` shows them. */
#include "base/err.h"

typedef struct example {
    uint16_t id;
    const char *text;
} example;

static const example examples[] = {
    {1001, "  firn rnu                  there is no verb rnu\n"
           "  firn run                  did you mean this?\n"
           "  firn help run             what the verb takes"},
    {1100, "  firn check                says the place of each mistake; nothing is run\n"
           "  firn help project         all keys, with an example of each"},
    {1101, "  name:shop                 no blank behind the colon\n"
           "  name: shop\n"
           "\n"
           "  description: fast: and good      a text with ': ' needs quotes\n"
           "  description: \"fast: and good\""},
    {1102, "  sorces: {drop: {type: files, path: ./data}}       misspelt\n"
           "  sources: {drop: {type: files, path: ./data}}\n"
           "\n"
           "`firn help project` lists the keys of each map."},
    {1103, "  threads: 2\n"
           "  memory: 1GB\n"
           "  threads: 4                take one of the two lines out"},
    {1104, "  ingest: {from: drop.a.csv, into: raw.a}           a map, where a list is wanted\n"
           "  ingest:\n"
           "    - {from: drop.a.csv, into: raw.a}"},
    {1105, "  write: replaced           not a word that is known\n"
           "  write: replace\n"
           "\n"
           "  memory: 1                 a size has a unit\n"
           "  memory: 1GB"},
    {1106, "  ingest:\n"
           "    - {from: drop.a.csv}    into which table?\n"
           "    - {from: drop.a.csv, into: raw.a}"},
    {1107, "  path: ${DATA}             DATA is not set\n"
           "  path: ${DATA:-./data}     with a default\n"
           "\n"
           "  echo 'DATA=/srv/data' >> .env         or set it beside the project file\n"
           "  DATA=/srv/data firn run               or for one command"},
    {1108, "  a: &x {type: files, path: ./data}     an anchor, and its use below\n"
           "  b: *x\n"
           "  b: {type: files, path: ./data}        write it out\n"
           "\n"
           "  name: *shop               a text that begins with '*'\n"
           "  name: \"*shop\""},
    {1109, "  cd myproject && firn run  stand in the folder of firn.yml, or below it\n"
           "  firn run -p myproject     or name it\n"
           "  firn init data            or write one for the files in data\n"
           "  firn load data/*.csv --into ./lake    or do without"},
    {1110, "  catalog: {type: hive}     this version keeps catalogs in SQLite\n"
           "  catalog: {type: sqlite}"},
    {1111, "  into: orders              a table has a namespace\n"
           "  into: raw.orders\n"
           "\n"
           "  into: raw.a__rejects      the suffix is kept for bad records\n"
           "  into: raw.a_bad"},
    {1112, "  - {from: drop.a.csv, into: raw.sales}\n"
           "  - {from: drop.b.csv, into: raw.Sales}             the same table to SQL\n"
           "  - {from: drop.b.csv, into: raw.sales_b}"},
    {1113, "  sources: {drop: {type: files, path: ./data}}\n"
           "  ingest:\n"
           "    - {from: dorp.a.csv, into: raw.a}               there is no source dorp\n"
           "    - {from: drop.a.csv, into: raw.a}               ./data/a.csv"},
    {1114, "  partition: [months(ts)]   not a transform\n"
           "  partition: [month(ts)]    also year, day, hour, bucket(16, id), truncate(4, name)"},
    {1115, "  columns: {amount: money}\n"
           "  columns: {amount: \"decimal(18,2)\"}\n"
           "\n"
           "  columns: {day: {type: date, format: \"%d.%m.%Y\"}}"},
    {1116, "  checks: [{chek: \"debit >= 0\"}]\n"
           "  checks: [\"debit >= 0\"]\n"
           "  checks: [{check: \"debit >= 0\", name: positive, severity: warn}]"},
    {1117, "  models/sales.sql          lies in no namespace\n"
           "  models/curated/sales.sql  is the table curated.sales\n"
           "\n"
           "  INSERT INTO x SELECT 1    a model is the SELECT alone\n"
           "  SELECT 1 AS id"},
    {1118, "  DATA = /srv/data          no blanks around '='\n"
           "  DATA=/srv/data"},
    {1119, "  layout: \"{warehouse}/{namespace}\"             all tables in one folder\n"
           "  layout: \"{warehouse}/{namespace}/{table}\""},
    {1120, "  ls -l firn.yml models/*/*.sql     look which file is data rather than a project\n"
           "  firn load that-file.json          data is loaded, not named as a project"},
    {1121, "  tests/invoices.yml:\n"
           "  unit_tests:\n"
           "    - name: net is gross without tax\n"
           "      model: curated.invoices\n"
           "      given: {raw.invoices: [{gross: 119, vat: 19}]}\n"
           "      expect: [{net: 100}]"},
    {2001, "  file data/a.json                  is it what its name says?\n"
           "  gzip -t data/a.json.gz            was it copied whole?\n"
           "  - {from: drop.a.txt, into: raw.a, format: csv}    or say what it is"},
    {2002, "  rejects: {max: 1000, max_ratio: 5%}       how many bad records are too many\n"
           "  firn sql \"SELECT file, line, reason FROM raw.x__rejects LIMIT 10\""},
    {2003, "  mv data/orders.csv data/orders-2.csv      new rows under a new name\n"
           "  write: replace                            or: the newest files are all there is\n"
           "  firn run raw.orders --full-refresh        or: land everything anew, once"},
    {2004, "  firn sql \"DESCRIBE FROM 'data/a.parquet'\"         what each file holds\n"
           "  firn sql \"DESCRIBE FROM 'data/b.parquet'\"\n"
           "  - {from: drop.b.parquet, into: raw.b}             a table of its own"},
    {2005, "  contract: freeze          nothing new comes in: the message says what came\n"
           "  contract: evolve          let it in, or add it under `columns:`\n"
           "  contract: discard_value   or land the rows without it"},
    {2101, "  {\"id\": 1, \"name\": \"a}        a quote is missing\n"
           "  {\"id\": 1, \"name\": \"a\"}\n"
           "\n"
           "  firn sql \"SELECT file, line, raw FROM raw.x__rejects\""},
    {2102, "  - {from: drop.a.csv, into: raw.a, encoding: windows-1252}\n"
           "  iconv -f windows-1252 -t utf-8 a.csv > a-utf8.csv"},
    {2103, "  id = \"n/a\" in a column of numbers\n"
           "  columns: {id: string}             a type that holds all values\n"
           "  null: \"n/a\"                       or (CSV) the text that stands for no value"},
    {2104, "  columns: {id: {type: long, required: true}}       and a record without id\n"
           "  columns: {id: long}               if it may be missing"},
    {2105, "  records: data.rows                if the file is one document that holds a list\n"
           "  jq -c '.[]' big.json > big.jsonl  or one record a line"},
    {2106, "  columns: {tree: json}             keep the deep part as text"},
    {3001, "  firn run                          again: it takes the other commit into account\n"
           "  firn history raw.orders           who committed meanwhile"},
    {3002, "  firn run                          looks up what happened, and goes on from there\n"
           "  firn history raw.orders           whether the snapshot is there"},
    {3003, "  firn history raw.orders           the snapshots, and which of them hold a position\n"
           "  firn run raw.orders --accept-position 8143291034123\n"
           "                                    take the position of that one\n"
           "  firn run raw.orders --full-refresh    or land everything anew"},
    {3004, "  firn status                       is another run going on?\n"
           "  firn run                          again, when it is done"},
    {3005, "  ALTER TABLE raw.x ALTER COLUMN id TYPE int        from long: values could be lost\n"
           "  ALTER TABLE raw.x ALTER COLUMN id TYPE long       from int"},
    {4001, "  firn sql \"SELECT nmae FROM raw.x\"\n"
           "  firn show raw.x                   its columns\n"
           "  firn tables                       the tables"},
    {5001, "  dmesg | tail                      does a disk report errors?\n"
           "  ls -l FILE                        is it a file, and readable?"},
    {5002, "  firn run --memory 2GB\n"
           "  firn run --threads 2              fewer at once need less"},
    {5003, "  df -h .                           which disk is full?\n"
           "  firn run                          the same command again, once there is space"},
    {5004, "  ping HOST                         can it be reached from here?"},
    {5005, "  firn status                       is another run going on?\n"
           "  fuser lake/catalog.db             which program holds the catalog?"},
    {5006, "  ls -ld lake lake/catalog.db       who may write there?\n"
           "  sudo chown -R \"$USER\" lake        if a run as root made it"},
    {5007, "  ls data                           what is there?\n"
           "  firn tables                       the tables there are"},
    {5008, "  firn check                        the project that is there already\n"
           "  mkdir other && cd other           or begin in a folder of its own"},
    {6001, "  firn history last                 which check found how many rows\n"
           "  checks: [{check: \"amount > 0\", severity: warn}]   said, but it stops nothing"},
    {6002, "  firn run                          the same command again: it goes on where it was"},
    {9001, "  firn version                      belongs into the report, with the message"},
    {9002, "  firn help VERB                    what can be given"},
    {9003, "  firn version                      is there a newer one?\n"
           "  docs/ROADMAP.md                   what comes when"},
};

const char *firn_errid_example(uint16_t id)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (examples[i].id == id)
            return examples[i].text;
    return NULL;
}
