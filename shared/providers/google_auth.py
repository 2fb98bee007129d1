"""Google's credentials as headers, without asking anybody.

A service account's key signs a short-lived token that Google's APIs take as it stands (self-signed
JWT, https://google.aip.dev/auth/4111), so there is no second exchange to fail or to cache.
"""

import base64
import json

from shared.providers.auth import Auth, Headers, Secrets

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_SEC = 3600


def vertex_auth() -> Auth:
    """A service account's JSON key, an access token, or an express-mode API key."""
    return Auth(
        (("GOOGLE_SERVICE_ACCOUNT_JSON",), ("GOOGLE_ACCESS_TOKEN",), ("GOOGLE_API_KEY",)),
        _vertex_headers,
        "Authorization: Bearer, or x-goog-api-key",
    )


def gemini_auth() -> Auth:
    """`x-goog-api-key`; GOOGLE_API_KEY wins, as in Google's own SDK."""
    return Auth(
        (("GOOGLE_API_KEY",), ("GEMINI_API_KEY",)),
        lambda secrets, _now: {
            "x-goog-api-key": secrets.get("GOOGLE_API_KEY") or secrets["GEMINI_API_KEY"]
        },
        "x-goog-api-key",
    )


def _vertex_headers(secrets: Secrets, now: float) -> Headers:
    if account := secrets.get("GOOGLE_SERVICE_ACCOUNT_JSON"):
        return {"Authorization": f"Bearer {service_account_token(account, now)}"}
    if token := secrets.get("GOOGLE_ACCESS_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    return {"x-goog-api-key": secrets["GOOGLE_API_KEY"]}


def service_account_token(account: str, now: float) -> str:
    """A token of one hour, signed with the account's own key (RS256)."""
    # Here, so that deployments without Vertex need not carry the library.
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    document = json.loads(account)
    key = serialization.load_pem_private_key(document["private_key"].encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("a service account's key is an RSA key")
    head = {"alg": "RS256", "typ": "JWT", "kid": document.get("private_key_id", "")}
    claims = {
        "iss": document["client_email"],
        "sub": document["client_email"],
        "scope": SCOPE,
        "iat": int(now),
        "exp": int(now) + TOKEN_SEC,
    }
    signed = f"{_segment(head)}.{_segment(claims)}"
    seal = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"


def _segment(document: dict[str, object]) -> str:
    text = json.dumps(document, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
