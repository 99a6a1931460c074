"""A password import hook in Python, as one writes it from Okta's guide with FastAPI, over PostgreSQL and bcrypt.

    DATABASE_URL=postgres://… HOOK_SECRET='Basic …' uvicorn hook:app --workers 4

With what a service needs beyond the guide: a pool of connections, a look-up that asyncpg prepares once a connection, a
comparison in constant time, and bcrypt, which lets go of the interpreter's lock, in threads.
"""

import asyncio
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import asyncpg
import bcrypt
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

SECRET = os.environ["HOOK_SECRET"].encode()
LOOKUP = "SELECT password FROM users WHERE email = $1 AND enabled"
threads = ThreadPoolExecutor(len(os.sched_getaffinity(0)))


class Credential(BaseModel):
    username: str
    password: str


class Context(BaseModel):
    credential: Credential


class Data(BaseModel):
    context: Context


class Call(BaseModel):
    data: Data


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=10) as pool:
        app.state.pool = pool
        yield


async def from_okta(authorization: str = Header(default="")):
    if not secrets.compare_digest(authorization.encode(), SECRET):
        raise HTTPException(401)


app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)


@app.post("/okta/password-import", dependencies=[Depends(from_okta)])
async def password_import(call: Call):
    given = call.data.context.credential
    row = await app.state.pool.fetchrow(LOOKUP, given.username.strip().lower())
    verified = row is not None and await asyncio.get_running_loop().run_in_executor(
        threads, bcrypt.checkpw, given.password.encode(), row["password"].encode()
    )
    credential = "VERIFIED" if verified else "UNVERIFIED"
    return {"commands": [{"type": "com.okta.action.update", "value": {"credential": credential}}]}
