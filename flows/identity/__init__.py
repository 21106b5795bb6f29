"""What people decide about who is who, and how it reaches the warehouse.

Data flow: `journey identity ...` -> data/identity/decisions.jsonl -> raw -> dbt.
"""
