"""The steps of a night, each a plain function with typed arguments and result.

Data flow: ingest -> load -> validate -> build -> audit -> publish -> push -> receipts.
"""
