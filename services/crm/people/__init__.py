"""The people of each business, as identity tells of them: who may own, be assigned or be mentioned."""
