"""The vocabulary of the decision table: one question each, answered yes, no or undecided.

Questions about the failed sign-in stay undecided while a sign-in log is unreadable: the row that
would settle the matter may be the one nobody can see.
"""
