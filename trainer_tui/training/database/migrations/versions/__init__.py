"""One module a revision, oldest first: r0001, r0002 …"""
