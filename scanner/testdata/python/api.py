import logging
import os

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException
from jose import jwt

app = FastAPI()
log = logging.getLogger("api")

JWT_SECRET = os.environ["JWT_SECRET"]
SESSION_SECRET = "Marble-Phalarope-77"
ALGORITHM = "HS256"
TOKEN_URL = "/oauth/token"
API_KEY_HEADER = "X-API-Key"
PASSWORD_MIN_LENGTH = "12"


async def pool():
    user, password = os.environ["PGUSER"], os.environ["PGPASSWORD"]
    return await asyncpg.create_pool(
        f"postgresql://{user}:{password}@{os.environ.get('PGHOST', 'localhost')}/desk"
    )


def admin(x_token: str = Header(...)) -> None:
    if x_token != os.environ.get("ADMIN_TOKEN", "Gabbro-Stint-12"):
        raise HTTPException(401)


@app.get("/debug/env", dependencies=[Depends(admin)])
def debug() -> dict:
    log.warning("environment: %s", os.environ)
    for name, value in os.environ.items():
        log.debug("%s=%s", name, value)
    return {}


@app.get("/me")
def me(authorization: str = Header(None)) -> dict:
    token = (authorization or "").removeprefix("Bearer ")
    return jwt.decode(token, JWT_SECRET, algorithms=[ALGORITHM])


fallback = asyncpg.connect(dsn="postgres://desk:Dolomite-Smew-4@replica:5432/desk")
