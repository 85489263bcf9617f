"""The web page and the HTTP interface of tools/serve.py: settings, models, batches of requests, routes, a file each."""
