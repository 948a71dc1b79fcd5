"""The grammar of the Experiment API: what is read, what is answered and how an error sounds. No rule of the domain."""
