"""What happens, told at once to whoever listens (agent contract §4.5): from every process to the streams process.

`gate` says whether anybody listens, `telling` sends, `arriving` receives, `hub` hands on to the listeners.
"""
