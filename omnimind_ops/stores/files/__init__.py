"""Files as a store. copy_tree: verified, incremental copy (copy_pass: one pass of it, copy_file: one file);
fingerprint: what a tree holds; discard: remove one; settled: what may be skipped next time; walk, content, sparse,
manifest, attributes, flush and space: what those are made of.
"""
