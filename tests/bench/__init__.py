"""`omnimind bench` as a person types it: against a small real server whose faults are chosen, and against a whole
embedded system.
"""
