"""People's judgements of preference pairs: tasks out, votes in, cleaned data.

In: pairs in a public format, files of votes. Out: tasks for annotation tools, cleaned pairs and an
account of every record.
"""
