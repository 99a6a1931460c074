"""What Django 4.2, Werkzeug 2.2 and Flask-Bcrypt made, for frameworks.py: scheme, source, how, stored and password, each
in base64, separated by tabs. Passwords come from standard input, one a line, as base64.
"""

import base64
import sys
from importlib.metadata import version

import django
import django.conf
import django.contrib.auth.hashers as hashers
import flask
import flask_bcrypt
import werkzeug.security

django.conf.settings.configure()
DJANGO = f"Django {django.__version__}"
WERKZEUG = f"Werkzeug {version('werkzeug')}"


def show(*fields):
    print("\t".join(base64.b64encode(field.encode()).decode() for field in fields))


for line in sys.stdin:
    p = base64.b64decode(line).decode()
    hasher = hashers.UnsaltedMD5PasswordHasher()
    value = "md5$$" + hasher.encode(p, "")
    assert hasher.verify(p, value)
    show("django-unsalted-md5", DJANGO, "'md5$$' + UnsaltedMD5PasswordHasher().encode(password, '')", value, p)
    show("django-unsalted-sha1", DJANGO, "UnsaltedSHA1PasswordHasher().encode(password, '')",
         hashers.UnsaltedSHA1PasswordHasher().encode(p, ""), p)
    show("django-sha1", DJANGO, "SHA1PasswordHasher().encode(password, salt)",
         hashers.SHA1PasswordHasher().encode(p, "x1Y2z3A4b5C6"), p)
    hasher = hashers.CryptPasswordHasher()
    show("django-crypt", DJANGO, "CryptPasswordHasher().encode(password, salt)", hasher.encode(p, hasher.salt()), p)
    for name in ("md5", "sha1", "sha256", "sha512"):
        show(f"werkzeug-{name}", WERKZEUG, f'generate_password_hash(password, "{name}")',
             werkzeug.security.generate_password_hash(p, name), p)
    show("werkzeug-pbkdf2", WERKZEUG, 'generate_password_hash(password, "pbkdf2:sha1:500", 8)',
         werkzeug.security.generate_password_hash(p, "pbkdf2:sha1:500", 8), p)
    app = flask.Flask("x")
    app.config["BCRYPT_HANDLE_LONG_PASSWORDS"] = True
    value = flask_bcrypt.Bcrypt(app).generate_password_hash(p, 4).decode()
    show("meteor", f"Flask-Bcrypt {version('flask-bcrypt')}",
         "generate_password_hash(password, 4), BCRYPT_HANDLE_LONG_PASSWORDS", value, p)
