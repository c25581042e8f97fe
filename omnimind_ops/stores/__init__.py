"""The data stores, one folder each: files, qdrant, redis (fingerprint, copy, compare), and backup (Qdrant backup
files).
"""
