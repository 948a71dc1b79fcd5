"""The grammar of the admin: what is true of every page, whatever room it shows. No rules of the domain live here."""
