"""What Test Lab's clients poll, record and ask; features made with rows and publication in one transaction."""
