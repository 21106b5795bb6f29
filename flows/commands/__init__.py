"""The commands of `journey`, one module per topic.

Data flow: flows.cli -> these -> flows; each command is thin and prints a small result.
"""
