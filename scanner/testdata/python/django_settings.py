import os
from pathlib import Path

import environ
from decouple import config

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env(DEBUG=(bool, False))
environ.Env.read_env(os.path.join(BASE_DIR, "deploy", ".env"))

SECRET_KEY = env("DJANGO_SECRET_KEY", default="insecure-Jasper-Teal")
DEBUG = env.bool("DEBUG", default=False)
DATABASES = {
    "default": env.db(),
    "reports": {
        "ENGINE": "django.db.backends.postgresql",
        "USER": "reports",
        "PASSWORD": "Onyx-Wigeon-66",
        "HOST": "reports-db",
    },
}
EMAIL_HOST_PASSWORD = config("EMAIL_HOST_PASSWORD")
STRIPE_SECRET_KEY = config("STRIPE_SECRET_KEY", default="")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
]
CSRF_COOKIE_NAME = "desk_csrf"
