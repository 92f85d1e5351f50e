"""`manage.py demo`: the whole product on embedded servers, in steps that people can watch."""
