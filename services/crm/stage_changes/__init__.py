"""The log of the stages that each deal went through, and how long it stood at each."""
