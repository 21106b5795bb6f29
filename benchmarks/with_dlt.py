"""The same full load with dlt's rest_api source, for benchmarks/extract.py.

Data flow: page server -> dlt pipeline (normalised tables, Parquet) -> its own DuckDB file.

Run by an interpreter that has dlt (the extra `dlt`): prints rows, CPU seconds and peak megabytes.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION"] = "false"


def main(url: str) -> None:
    """Load everything the server has; one JSON line on stdout."""
    import dlt
    from dlt.destinations import duckdb
    from dlt.sources.rest_api import rest_api_source

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=folder,
            destination=duckdb(f"{folder}/dlt.duckdb"),
            dataset_name="bench",
        )
        person = {
            "name": "person",
            "primary_key": "id",
            "write_disposition": "merge",
            "max_table_nesting": 0,  # flat, as the other variants keep nested values as JSON
            "endpoint": {
                "path": "/",
                "paginator": {
                    "type": "page_number",
                    "base_page": 0,
                    "page_param": "page",
                    "total_path": None,
                },
            },
        }
        source = rest_api_source({"client": {"base_url": url}, "resources": [person]})
        pipeline.run(source, loader_file_format="parquet")
        with pipeline.sql_client() as client:
            rows = client.execute_sql("select count(*) from person")[0][0]
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    memory = max(one.ru_maxrss for one in used) / 1024
    sys.stdout.write(json.dumps([rows, cpu, memory]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
