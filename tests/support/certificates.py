"""Certificates of the loopback, good and bad, made on the spot."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass
class Certificate:
    """A certificate with its key."""

    made: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.made.public_bytes(serialization.Encoding.PEM)

    def server(self, folder: Path, *chain: Certificate) -> ssl.SSLContext:
        """Return the context of a server that shows it, and what it sends of the chain."""
        file = folder / f"{self.made.serial_number}.pem"
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(key + self.pem + b"".join(one.pem for one in chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def certificate(
    name: str,
    issuer: Certificate | None = None,
    *,
    authority: bool = False,
    host: str = "127.0.0.1",
    ended: bool = False,
) -> Certificate:
    """Make one, by default self-signed, for that host."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    until = datetime.now(UTC) + (-_DAY if ended else _DAY)
    identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.made.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 9 * _DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(identity, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(x509.KeyUsage(*_usage(authority=authority)), critical=True)
    )
    if not authority:
        try:
            alternative: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    return Certificate(builder.sign(signer, hashes.SHA256()), key)


def _usage(*, authority: bool) -> list[bool]:
    """Return the nine flags: signatures for a server, certificates and lists for an authority."""
    flags = [not authority, *[False] * 8]
    flags[5] = flags[6] = authority
    return flags


# cryptography keeps the class of the first datetime that it sees, which a test may have frozen.
certificate("a first")
