"""The commands, one module each (a group's sub-commands together); ``plait.cli.root`` names them."""
