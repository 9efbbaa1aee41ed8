"""`connectory doctor`: one module per group of findings; each looks, changes nothing, and says how to mend."""
