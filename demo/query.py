"""`python -m demo.query [SQL]`: query the warehouse that the demo created.

Without SQL, list its tables. Example: python -m demo.query "from pipedrive.deals limit 3"
"""

from __future__ import annotations

import shutil
import sys

import duckdb

from demo.warehouse import OUTPUT

TABLES = """\
select table_schema || '.' || table_name as name, estimated_size as rows
from information_schema.tables join duckdb_tables() using (table_name)
where table_schema = schema_name order by table_schema, estimated_size desc"""
MOST = 50


def main() -> int:
    """Print the result of a query; returns the exit code."""
    if {"-h", "--help"} & {*sys.argv[1:]}:
        sys.stdout.write(__doc__ or "")
        return 0
    path = OUTPUT / "warehouse.duckdb"
    if not path.exists():
        sys.stderr.write(f"{path} does not exist. Run `make demo` first.\n")
        return 2
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            response = connection.sql(" ".join(sys.argv[1:]) or TABLES)
            response.show(max_width=shutil.get_terminal_size().columns, max_rows=MOST)
    except duckdb.Error as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
