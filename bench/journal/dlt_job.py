# SPDX-License-Identifier: Apache-2.0
"""dlt_job.py INPUT OUT THREADS: dlt into Iceberg; it splits the lines off, but makes no totals."""
import json
import os
import sys

import dlt

source, out, threads = sys.argv[1:4]
BLOCK = 10_000


@dlt.resource(name="entries", table_format="iceberg", write_disposition="append")
def entries():
    block = []
    with open(source, "rb") as lines:
        for line in lines:
            block.append(json.loads(line))
            if len(block) == BLOCK:
                yield block
                block = []
    yield block


def main():
    os.environ.update({
        "DLT_DATA_DIR": f"{out}/.dlt", "RUNTIME__DLTHUB_TELEMETRY": "false",
        "NORMALIZE__WORKERS": threads, "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "500000",
        "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "500000"})
    pipeline = dlt.pipeline("bench", dataset_name="b", pipelines_dir=f"{out}/.pipelines",
                            destination=dlt.destinations.filesystem(f"file://{out}/warehouse"))
    pipeline.run(entries(), loader_file_format="parquet")


if __name__ == "__main__":
    main()
