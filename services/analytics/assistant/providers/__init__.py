"""Language models behind one protocol: neutral values in, neutral events out; each client maps its vendor's once."""
