"""The verbs of the command line, a file each; imported only when their verb is used."""
