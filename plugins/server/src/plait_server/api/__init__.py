"""The operations of the API, area by area; each module ends with its routes."""
