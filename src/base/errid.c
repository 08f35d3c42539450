/* SPDX-License-Identifier: Apache-2.0 */
/* Every error id with its explanation; ascending; ids are never reused. */
#include "base/err.h"

const firn_errid firn_errids[] = {
    {1001, "wrong usage",
     "The command line is not understood.  `firn help VERB` shows what a verb takes."},
    {1100, "the project file or a model is wrong",
     "The message names file, line and column, the word that is not understood and the nearest one "
     "that is."},
    {1101, "not YAML",
     "The project file or the header of a model is not YAML 1.2.  The place is where the reader "
     "could not go on; the slip may stand a line above.  Usual ones: a tab as indentation, a "
     "missing blank behind a colon, a text with ': ', '#' or a leading '@', '*', '&', '!', '%' "
     "that needs quotes, a bracket or quote that is not closed."},
    {1102, "unknown key",
     "The key is none that firn knows at this place.  Keys are case-sensitive, and each belongs to "
     "its own map: look at the indentation as well as at the spelling."},
    {1103, "a key twice",
     "One map holds the same key two times; YAML does not say which one counts, so neither may."},
    {1104, "a value of the wrong kind",
     "A list stands where one text is wanted, or the other way round.  A list is [a, b] or lines "
     "that begin with '- '; a map is {key: value} or indented lines 'key: value'.  A key with "
     "nothing behind it has no value at all: take it out to get the default."},
    {1105, "a value that is not allowed",
     "The key is right, its value is not: the message says what it can be.  true and false are "
     "written so (yes and on are texts), sizes like 128MB, percentages like 5%, times like 30d.  "
     "A value that came from a variable is shown as ${NAME}, never itself: it may be a secret."},
    {1106, "a key is missing", "A key that has no default is not there; the message shows one."},
    {1107, "a variable",
     "${NAME} is replaced by the variable of the environment, or of the file .env beside the "
     "project file; ${NAME:-text} has a default, ${NAME:?why} says why it is needed, and $${ "
     "stands for the characters themselves.  The environment wins over .env.  Keys and models hold "
     "no variables."},
    {1108, "YAML that firn does not take",
     "Anchors, aliases, tags, merge keys, directives and a second document make a file say other "
     "things than it seems to.  Write the value out where it is used; put a text that begins with "
     "'&', '*' or '!' in quotes."},
    {1109, "no project file",
     "firn looks for firn.yml (or firn.yaml) in the current folder, then in those above it.  "
     "`firn init` writes one.  Without a project, `firn load` and `firn sql` take a folder."},
    {1110, "not supported",
     "The file asks for something that this version of firn does not do: it says so rather than "
     "doing something else."},
    {1111, "not a name",
     "Tables are NAMESPACE.TABLE; a namespace may have several parts (curated.shared.orders).  No "
     "part is empty, longer than 255 bytes, or holds a '/' or a control character, and tables that "
     "end with __rejects are kept for bad records.  Sources are letters, digits, '_' and '-'."},
    {1112, "two things that would be one",
     "Two entries, models or columns mean the same thing, differ only in case (which SQL does not "
     "tell apart), or would write into each other's table.  The message names both places."},
    {1113, "a source or stream that is not there",
     "`from` is SOURCE.STREAM: the source is one of `sources:`, the stream of a files source is a "
     "path or glob below its path, like drop.2025/*.csv."},
    {1114, "not a partition",
     "A partition is a list of columns, or of year(x), month(x), day(x), hour(x), bucket(16, x), "
     "truncate(4, x) of a column."},
    {1115, "not a type",
     "Types are Iceberg's: boolean, int, long, float, double, decimal(p,s), date, time, timestamp, "
     "timestamptz, string, uuid, binary, struct<name: type, …>, list<type>, map<type, type>.  A "
     "format is spelled as strptime has it and belongs to a date or timestamp.  Inside of {…} a "
     "type with ': ' needs quotes."},
    {1116, "not a check",
     "A check is an SQL condition that must hold for every row; columns also have not_null, "
     "unique,\n"
     "{accepted_values: [a, b]}, {relationships: {to: ns.table, field: id}} and {freshness: 2d},\n"
     "tables {unique: [a, b]} and {row_count: {min: 1}}.  severity, name and where stand beside "
     "it:\n"
     "{check: \"a > 0\", severity: warn, name: positive}."},
    {1117, "not a model",
     "A model is one SELECT in a .sql file in the folder of its namespace.  Its header, if there "
     "is one, comes first: /* firn, YAML, */.  Files and folders that begin with '_' or '.' are "
     "passed over."},
    {1118, "the file .env",
     "Lines are KEY=value, KEY=\"value\" or KEY='value', with or without export before them; '#' "
     "begins a comment.  Values are not shown in messages."},
    {1119, "a layout",
     "A layout says in which folder a new table lies.  It begins with {warehouse}/ and gives each "
     "table a folder of its own; {source} and {stream} exist for landed tables only, so give "
     "namespaces of models another layout."},
    {1120, "too large",
     "A project file or model has at most 1 MB, lists and maps nest to 32 levels.  Files of that "
     "size are usually data that went to the wrong place."},
    {1121, "not a unit test",
     "A file in the folder of tests holds `unit_tests:`, a list; each test has a name, a model, "
     "rows\n"
     "under `given` and rows under `expect`.  Tables not given are empty, columns not given are\n"
     "null; only columns named under `expect` are compared.  A value is read in its column's "
     "type."},
    {2001, "data that does not mean what it should",
     "A file or record is damaged or of another format than named."},
    {2002, "a limit was reached",
     "A configured maximum was reached; the message says which one and how large it is."},
    {2003, "a landed file has other content now",
     "A file that landed before has changed.  Appending never lands a name twice, as its old rows\n"
     "would stay beside the new ones.  Give the new content a new name, use `write: replace`, or\n"
     "`identity: content` if content under any name is what counts."},
    {2004, "columns of Parquet files that no type holds",
     "A column is of one type in one file and of another in another file, or in the table: a "
     "number\n"
     "here, a text there.  Say under `columns:` what it shall be; records whose value does not "
     "fit\n"
     "go to NAMESPACE.TABLE__rejects."},
    {2005, "the contract of a stream was broken",
     "A key, a type or a value came that `contract: freeze`, or `on_conflict_of_types: fail`, does "
     "not let in.  Nothing was landed.  If the change is meant, let it in with `evolve` for one "
     "run; if not, `discard_value` lands records without the value and `reject` puts them aside."},
    {2101, "a record that cannot be read",
     "Not JSON, or a CSV row with another number of cells than the header.  The record is in\n"
     "NAMESPACE.TABLE__rejects, whole."},
    {2102, "a record that is not UTF-8",
     "The record is in NAMESPACE.TABLE__rejects with its bytes in raw_bytes.  If the whole file "
     "is\n"
     "in another encoding, say so: `encoding: windows-1252`."},
    {2103, "a value that does not fit its column",
     "Nothing is rounded or cut: the record is in NAMESPACE.TABLE__rejects; where `landed` is "
     "true\n"
     "there, it landed without what is in `value` (contract: discard_value).  Give\n"
     "the column a type that holds all values under `columns:`, let `on_conflict_of_types:\n"
     "residual` keep the others beside it, or mend the source."},
    {2104, "a required value is missing",
     "The column is `required: true`.  The record is in NAMESPACE.TABLE__rejects."},
    {2105, "a record that is too long",
     "Longer than 16 MB; its first 64 KB are in NAMESPACE.TABLE__rejects."},
    {2106, "a record that is nested too deeply", "Documents nest to 100 levels."},
    {3001, "somebody else committed first",
     "The table changed while this command worked.  firn retries by itself; run the command again "
     "if it still failed."},
    {3002, "it is not known whether the commit happened",
     "The catalog did not answer after the commit was sent.  Nothing was deleted.  Run the same "
     "command again: it looks up what happened and goes on from there."},
    {3003, "the position in the source is lost",
     "The table's snapshots no longer say up to where the source was read.  firn never guesses."},
    {3004, "another firn landed the same stream",
     "Two runs worked on one stream at the same time.  The other one was first; this one "
     "committed\n"
     "nothing of that stream.  Run again: what the other one landed is left out."},
    {3005, "a change that the table does not take",
     "Iceberg, or firn, does not let a table be changed like this: what is there could not be\n"
     "read any more, or would mean something else.  The message says why; docs/EVOLUTION.md\n"
     "lists what can be changed.  Nothing was changed."},
    {4001, "the SQL statement was refused", "The engine's own message follows."},
    {5001, "input or output failed", "The operating system refused a read or write."},
    {5002, "out of memory",
     "Give the command more memory (--memory) or the machine fewer things to do."},
    {5003, "no space left",
     "A disk or quota is full.  Nothing was committed; free space and run the same command again."},
    {5004, "the network failed", "A server could not be reached or hung up."},
    {5005, "it took too long", "A server did not answer in time."},
    {5006, "access refused", "The user or key has no right to do this."},
    {5007, "not found", "A file, table or object is not there."},
    {5008, "exists already", "A file, table or object of that name is there already."},
    {6001, "a check failed",
     "A check with severity error found rows.  Nothing of that table was committed."},
    {6002, "cancelled",
     "The command was interrupted.  Nothing half is visible; run it again to go on."},
    {9001, "internal error", "A bug in firn.  Please report it with the message and the command."},
    {9002, "invalid argument", "A value is outside of what is allowed."},
    {9003, "not supported", "firn refuses to do this rather than do it wrongly."},
};

const size_t firn_errid_count = sizeof firn_errids / sizeof firn_errids[0];
