#!/usr/bin/env python3
"""A second implementation of docs/protocol.md, to show that the specification is enough.

Plain Python 3 without packages, written from the specification alone. Field limits are read from the
CDDL in it, so a limit that is missing there is missing here.

    verify.py vectors SPECIFICATION VECTORS
    verify.py export SPECIFICATION EXPORT --environment prod|dev KEY...
"""
import hashlib
import json
import re
import sys


class Refused(Exception):
    """Bytes that count for nothing, with the code of the specification."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}")
        self.code = code


def sha256(data):
    return hashlib.sha256(data).digest()


# Ed25519, "Signatures"

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def curve_add(a, b):
    """Extended homogeneous coordinates (X, Y, Z, T), RFC 8032 section 5.1.4."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    k, m, n, o = f - e, h - g, h + g, f + e
    return (k * m % P, n * o % P, m * n % P, k * o % P)


def curve_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = curve_add(result, point)
        point = curve_add(point, point)
        scalar >>= 1
    return result


def decode_point(data):
    """The point, or None for bytes that are none. y is known to be below P."""
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    if x & 1 != odd:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def small_order_ys():
    """y of the points whose eightfold is the identity, found by multiplying points by L."""
    ys, candidate = {0, 1, P - 1}, 2
    while len(ys) < 5:
        point = decode_point(candidate.to_bytes(32, "little"))
        candidate += 1
        if point is None:
            continue
        torsion = curve_multiply(L, point)
        for times in range(8):
            encoded = encode_point(curve_multiply(times, torsion))
            ys.add(int.from_bytes(encoded, "little") & (2**255 - 1))
    return ys


SMALL_ORDER = small_order_ys()


def is_sound_point(data):
    y = int.from_bytes(data, "little") & (2**255 - 1)
    return y < P and y not in SMALL_ORDER


def signature_holds(key, message, signature):
    if len(signature) != 64 or len(key) != 32:
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if not (is_sound_point(key) and is_sound_point(r) and s < L):
        return False
    point = decode_point(key)
    if point is None:
        return False
    digest = hashlib.sha512(r + key + message).digest()
    h = int.from_bytes(digest, "little") % L
    negative = (P - point[0], point[1], 1, P - point[3])
    return encode_point(curve_add(curve_multiply(s, BASE), curve_multiply(h, negative))) == r


# CBOR, "Bytes"

UINT, BYTES, TEXT, ARRAY, MAP = 0, 2, 3, 4, 5
MAX_UINT = 2**53 - 1


class Reader:
    def __init__(self, data, at=0, end=None):
        self.data, self.at, self.end = data, at, len(data) if end is None else end

    def head(self, major, top=MAX_UINT):
        if self.at >= self.end:
            raise Refused("malformed", "ends early")
        initial = self.data[self.at]
        if initial >> 5 != major:
            raise Refused("malformed", f"major type {initial >> 5} for {major}")
        info = initial & 31
        if info < 24:
            self.at += 1
            return info
        if info > 27:
            raise Refused("not-canonical", "indefinite")
        width = 1 << (info - 24)
        if self.at + 1 + width > self.end:
            raise Refused("malformed", "ends early")
        value = int.from_bytes(self.data[self.at + 1 : self.at + 1 + width], "big")
        if value > top:
            raise Refused("out-of-range", "integer")
        if value < (24 if width == 1 else 1 << (4 * width)):
            raise Refused("not-canonical", "integer")
        self.at += 1 + width
        return value

    def string(self, major, low, high):
        length = self.head(major)
        if not low <= length <= high:
            raise Refused("out-of-range", f"{length} bytes")
        start = self.at
        if start + length > self.end:
            raise Refused("malformed", "ends early")
        self.at += length
        return self.data[start : self.at]

    def count(self, major, low, high):
        count = self.head(major)
        if not low <= count <= high:
            raise Refused("out-of-range", f"{count} entries")
        if count > self.end - self.at:
            raise Refused("malformed", "ends early")
        return count

    def finish(self):
        if self.at != self.end:
            raise Refused("malformed", "is followed by more bytes")


# CDDL, "Messages": each type becomes a function from a reader to a value

UNICODE_CLASSES = {r"\p{Cc}": r"\x00-\x1f\x7f-\x9f", r"\p{Zl}": "\u2028", r"\p{Zp}": "\u2029"}


def parse_type(text, rules):
    text = text.strip()
    if match := re.fullmatch(r"(\d+)\.\.(\d+)", text):
        low, high = int(match[1]), int(match[2])

        def read_uint(reader):
            value = reader.head(UINT, max(high, MAX_UINT))
            if not low <= value <= high:
                raise Refused("out-of-range", str(value))
            return str(value) if high > MAX_UINT else value

        return read_uint
    if match := re.fullmatch(r"bstr \.size (?:(\d+)|\((\d+)\.\.(\d+)\))", text):
        low, high = int(match[1] or match[2]), int(match[1] or match[3])
        return lambda reader: reader.string(BYTES, low, high).hex()
    if match := re.fullmatch(r'\(tstr \.size \((\d+)\.\.(\d+)\)\) \.and \(tstr \.regexp (".*")\)', text):
        high, pattern = int(match[2]), json.loads(match[3])
        for name, characters in UNICODE_CLASSES.items():
            pattern = pattern.replace(name, characters)

        def read_text(reader):
            try:
                value = reader.string(TEXT, 0, high).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Refused("malformed", str(error)) from error
            if not re.fullmatch(pattern, value):
                raise Refused("out-of-range", "text")
            return value

        return read_text
    if match := re.fullmatch(r"&\((.*)\)", text):
        words = [word.split(":")[0].strip() for word in match[1].split(",")]

        def read_word(reader):
            index = reader.head(UINT)
            if index >= len(words):
                raise Refused("out-of-range", f"word {index}")
            return index == 1 if words == ["no", "yes"] else words[index]

        return read_word
    if match := re.fullmatch(r"\[(\d+)\*(\d+) (.*)\]", text):
        low, high, item = int(match[1]), int(match[2]), parse_type(match[3], rules)
        return lambda reader: [item(reader) for _ in range(reader.count(ARRAY, low, high))]
    if re.fullmatch(r"[a-z-]+", text):
        return lambda reader: rules[text](reader)
    raise ValueError(f"no such CDDL type: {text}")


def parse_map(lines, rules):
    fields = {}
    for line in lines:
        match = re.fullmatch(r"\s*(\? )?(\d+) => (.*), ; (\w+)", line)
        fields[int(match[2])] = (match[4], match[1] is None, parse_type(match[3], rules))

    def read_map(reader):
        body, last = {}, -1
        for _ in range(reader.count(MAP, 0, MAX_UINT)):
            key = reader.head(UINT)
            if key <= last:
                raise Refused("not-canonical", f"key {key}")
            if key not in fields:
                raise Refused("unknown-field", f"key {key}")
            last, (name, _, read) = key, fields[key]
            body[name] = read(reader)
        for name, mandatory, _ in fields.values():
            if mandatory and name not in body:
                raise Refused("missing-field", name)
        return body

    return read_map


class Specification:
    """Rules and message numbers as the text gives them."""

    def __init__(self, text):
        self.rules, self.types = {}, {}
        cddl = re.search(r"```cddl\n(.*?)\n```", text, re.S)[1]
        for name, fields, other in re.findall(r"^([a-z-]+) = (?:\{\n((?:  .*\n)+)\}|(.+))$", cddl, re.M):
            lines = fields.splitlines()
            self.rules[name] = parse_map(lines, self.rules) if lines else parse_type(other, self.rules)
        row = r"^\| `([a-z-]+)` +\| (\d+) +\| (\d+) +\| ([a-z ]+?) +\| (?:`(\w+)`.*?)? *\| (\d+) +\|$"
        for name, prod, dev, role, signer_field, size in re.findall(row, text, re.M):
            self.types[name] = {
                "typ": {"prod": int(prod), "dev": int(dev)},
                "role": role,
                "signer_field": signer_field or None,
                "size": int(size),
            }
        self.codes = set(re.findall(r"^\| `([a-z-]+)` +\| [A-Z]", text, re.M))


# "Envelope"

OPENING = bytes.fromhex("d284582aa30127045820")


def open_message(spec, kind, data, environment, signers=None):
    """Type, signer, hash and body of a valid message; raises Refused in the specified order."""
    known = spec.types[kind]
    if len(data) > known["size"]:
        raise Refused("too-large")
    if len(data) < 47 + 1 + 66 or data[:10] != OPENING or data[42:44] != b"\x10\x19" or data[46] != 0xA0:
        raise Refused("malformed", "header")
    typ = int.from_bytes(data[44:46], "big")
    if typ != known["typ"][environment]:
        raise Refused("wrong-environment" if typ in known["typ"].values() else "wrong-type", str(typ))
    signer = data[10:42]
    if signers is not None and signer.hex() not in signers:
        raise Refused("unknown-signer", signer.hex())
    frame = Reader(data, 47)
    payload = frame.string(BYTES, 1, len(data))
    signature = frame.string(BYTES, 64, 64)
    frame.finish()
    if data[-66:-64] != b"\x58\x40":
        raise Refused("not-canonical", "signature")
    body = read_all(spec, kind, payload)
    if known["signer_field"]:
        body = {known["signer_field"]: signer.hex(), **body}
    signed = b"\x84\x6aSignature1" + data[2:46] + b"\x40" + data[47:-66]
    if not signature_holds(signer, signed, signature):
        raise Refused("bad-signature" if is_sound_point(signer) else "weak-key")
    if problem := contradiction(kind, body, signer.hex()):
        raise Refused("inconsistent", problem)
    return {"type": kind, "signer": signer.hex(), "hash": sha256(data).hex(), "body": body, "payload": payload}


def read_all(spec, rule, data):
    reader = Reader(data)
    body = spec.rules[rule](reader)
    reader.finish()
    return body


def contradiction(kind, body, signer):
    """The table of what fields owe each other; None when they do."""
    if kind == "split":
        keys = [party["key"] for party in body["parties"]]
        if sum(party["share"] for party in body["parties"]) != 10_000:
            return "shares"
        if len(set(keys)) < len(keys):
            return "parties"
        return None if signer in keys else "signer"
    if kind == "ticket":
        start = body["notBefore"]
        if not start <= body["startBy"] <= start + 600:
            return "startBy"
        if not body["startBy"] <= body["expires"] <= start + 7_200:
            return "expires"
        if not body["expires"] <= body["settleBy"] <= start + 2_592_000:
            return "settleBy"
        return "viewer" if body["box"] == body["viewer"] else None
    if kind == "record":
        if body["ended"] < body["started"]:
            return "ended"
        return None if (body["sequence"] == 1) == (body["previous"] == "00" * 32) else "previous"
    if kind == "command":
        return None if body["at"] <= body["expires"] <= body["at"] + 300 else "expires"
    if kind == "tail":
        return "entries" if any(entry["ended"] < entry["started"] for entry in body["entries"]) else None
    if kind == "succession":
        if body["previous"] == body["next"]:
            return "next"
        return None if signer in (body["previous"], body["next"]) else "signer"
    if kind == "manifest":
        return manifest_contradiction(body)
    return None


def manifest_contradiction(body):
    chunk = body["chunkSize"]
    if chunk & (chunk - 1):
        return "chunkSize"
    paths = [file["path"] for file in body["files"]]
    if len(set(paths)) < len(paths):
        return "paths"
    for file in body["files"]:
        if "\\" in file["path"] or {"", ".", ".."} & set(file["path"].split("/")):
            return "path"
        if len(file["chunks"]) != -(-file["size"] // chunk):
            return "chunks"
    return None if body.get("cover", paths[0]) in paths else "cover"


# "Records and acks", "Splits", "Batches"


def open_evidence(spec, data, environment, coordinators):
    record = open_message(spec, "record", data, environment)
    ticket = open_message(spec, "ticket", bytes.fromhex(record["body"]["ticket"]), environment, coordinators)
    if ticket["body"]["box"] != record["body"]["box"]:
        raise Refused("wrong-box")
    proven = 0
    if "receipt" in record["body"]:
        viewer = {ticket["body"]["viewer"]}
        receipt = open_message(spec, "receipt", bytes.fromhex(record["body"]["receipt"]), environment, viewer)
        proven = receipt["body"]["bytes"]
        if receipt["body"]["ticket"] != ticket["hash"]:
            raise Refused("receipt-other-ticket")
        if proven > ticket["body"]["maxBytes"]:
            raise Refused("receipt-over-max")
        proven = min(proven, record["body"]["wireBytes"])
    return record, ticket, proven


def open_split(spec, signed, environment):
    opened = [open_message(spec, "split", data, environment) for data in signed]
    if len({split["payload"] for split in opened}) != 1:
        raise Refused("split-unsigned", "different splits")
    if sorted(s["signer"] for s in opened) != sorted(p["key"] for p in opened[0]["body"]["parties"]):
        raise Refused("split-unsigned", "parties")
    return sha256(opened[0]["payload"]).hex()


def decode_batch(data):
    if len(data) > 2**20:
        raise Refused("too-large")
    reader = Reader(data)
    messages = [reader.string(BYTES, 1, 2048) for _ in range(reader.count(ARRAY, 0, 1024))]
    reader.finish()
    return messages


# "Ledger and statements": RFC 9162 section 2.1


def leaf_hash(data):
    return sha256(b"\x00" + data)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def merkle_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(merkle_root(leaves[:k]), merkle_root(leaves[k:]))


def inclusion_holds(leaf, index, size, path, root):
    if index >= size:
        return False
    fn, sn, node = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root


def consistency_holds(old, new, path, old_root, root):
    if old > new or (old in (0, new) and path):
        return False
    if old == 0 or old == new:
        return old_root == (sha256(b"") if old == 0 else root)
    path = ([old_root] if old & (old - 1) == 0 else []) + list(path)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return False
    fr = sr = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(sibling, fr), node_hash(sibling, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == root


def divide(amount, parties):
    """The key and the amount of each party, by largest remainder."""
    exact = [divmod(amount * party["share"], 10_000) for party in parties]
    left = amount - sum(whole for whole, _ in exact)
    raised = sorted(range(len(parties)), key=lambda at: (-exact[at][1], at))[:left]
    return [(party["key"], exact[at][0] + (at in raised)) for at, party in enumerate(parties)]


def read_line(spec, data):
    body = read_all(spec, "ledger-line", data)
    amount = int(body.pop("amount"))
    pays = body.pop("direction") == "pays"
    if pays and amount == 0:
        raise Refused("inconsistent")
    account = {"kind": body.pop("kind"), "key": body.pop("key")}
    return {**body, "account": account, "amount": str(-amount if pays else amount)}


# "Exports"

KINDS = ["header", "message", "line", "inclusion", "consistency", "prices", "end", "terms"]
STRUCTURES = {
    "header": "export-header",
    "inclusion": "inclusion-proof",
    "consistency": "consistency-proof",
    "prices": "price-list",
    "end": "export-end",
    "terms": "play-terms",
}


def read_items(data):
    """Offset, kind and content of every item; raises Refused at the first that is damaged."""
    at = 0
    for expected in range(len(data) + 1):
        if at == len(data):
            return
        reader = Reader(data, at)
        if reader.head(ARRAY) != 4 or reader.head(UINT) != expected:
            raise Refused("damaged", f"item {expected}")
        kind = reader.head(UINT)
        content = reader.string(BYTES, 0, 8 * 2**20)
        checked = sha256(data[at : reader.at])[:8]
        if reader.string(BYTES, 8, 8) != checked or kind >= len(KINDS):
            raise Refused("damaged", f"item {expected}")
        yield at, KINDS[kind], content
        at = reader.at


class Export:
    """Everything in an export, checked item by item and then together."""

    def __init__(self, spec, environment, coordinators):
        self.spec, self.environment, self.coordinators = spec, environment, coordinators
        self.records, self.acks, self.statements = [], [], {}
        self.lines, self.leaves, self.proven, self.prices = {}, {}, set(), {}
        self.inclusions, self.consistencies, self.kinds = [], [], []
        self.terms, self.splits = {}, {}
        self.subject = None

    def read(self, data):
        self.follow([content for _, kind, content in read_items(data) if kind == "message"])
        for at, kind, content in read_items(data):
            self.kinds.append(kind)
            if kind == "message":
                self.message(content)
            elif kind == "line":
                line = read_line(self.spec, content)
                self.lines[line["line"]], self.leaves[line["line"]] = line, leaf_hash(content)
            else:
                self.structure(kind, read_all(self.spec, STRUCTURES[kind], content), data[:at])
        if self.kinds[:1] != ["header"] or self.kinds[-1:] != ["end"] or self.kinds.count("end") > 1:
            raise Refused("cut-short")
        self.check()
        return self

    def follow(self, messages):
        """Adds the keys that trusted ones name in successions, until there are no more."""
        found = []
        for data in messages:
            if int.from_bytes(data[44:46], "big") == self.spec.types["succession"]["typ"][self.environment]:
                found.append(open_message(self.spec, "succession", data, self.environment, None))
        trusted = set(self.coordinators)
        while more := {
            other
            for one in found
            for other in (one["body"]["previous"], one["body"]["next"])
            if one["signer"] in trusted and other not in trusted
        }:
            trusted |= more
        self.coordinators = trusted

    def structure(self, kind, body, before):
        if kind == "header":
            if body["environment"] != self.environment:
                raise Refused("wrong-environment")
            self.subject = body["subject"]
        elif kind == "end":
            if body["items"] != len(self.kinds) - 1 or body["digest"] != sha256(before).hex():
                raise Refused("damaged", "end")
        elif kind == "prices":
            self.prices[body["id"]] = body
        elif kind == "terms":
            if self.terms.setdefault(body["play"], body) != body:
                raise Refused("inconsistent", "terms")
        else:
            {"inclusion": self.inclusions, "consistency": self.consistencies}[kind].append(body)

    def message(self, data):
        typ = int.from_bytes(data[44:46], "big")
        kind = next((k for k, v in self.spec.types.items() if v["typ"][self.environment] == typ), None)
        if kind is None:
            raise Refused("wrong-type", str(typ))
        if kind == "record":
            self.records.append(open_evidence(self.spec, data, self.environment, self.coordinators))
            return
        roles = ("coordinator", "one of both keys")
        trusted = self.coordinators if self.spec.types[kind]["role"] in roles else None
        opened = open_message(self.spec, kind, data, self.environment, trusted)
        if kind == "split":
            self.splits.setdefault(sha256(opened["payload"]).hex(), []).append(data)
        if kind == "ack":
            self.acks.append(opened["body"])
        elif kind == "statement":
            body = opened["body"]
            if self.statements.setdefault(body["epoch"], body) != body:
                raise Refused("two-roots")

    def check(self):
        heads = {}
        for record, _, _ in self.records:
            body = record["body"]
            if body["box"] != self.subject:
                raise Refused("wrong-box", f"record {body['sequence']}")
            chain = (body["box"], body["generation"])
            number, head = heads.get(chain, (0, "00" * 32))
            if body["sequence"] != number + 1 or body["previous"] != head:
                raise Refused("gap", f"record {body['sequence']}")
            heads[chain] = (body["sequence"], record["hash"])
        for epoch, body in self.statements.items():
            before = self.statements.get(epoch - 1)
            if before and before["root"] != body["previousRoot"]:
                raise Refused("not-consistent")
        for proof in self.consistencies:
            old, new = self.statements[proof["oldEpoch"]], self.statements[proof["epoch"]]
            path = [bytes.fromhex(node) for node in proof["path"]]
            roots = bytes.fromhex(old["root"]), bytes.fromhex(new["root"])
            if not consistency_holds(old["treeSize"], new["treeSize"], path, *roots):
                raise Refused("not-consistent")
        for proof in self.inclusions:
            statement = self.statements[proof["epoch"]]
            path = [bytes.fromhex(node) for node in proof["path"]]
            root = bytes.fromhex(statement["root"])
            if not inclusion_holds(self.leaves[proof["line"]], proof["line"], statement["treeSize"], path, root):
                raise Refused("not-in-statement", f"line {proof['line']}")
            self.proven.add(proof["line"])
        self.check_pay()
        self.check_plays()

    def check_plays(self):
        paid = {}
        for line in self.lines.values():
            if line["account"]["kind"] == "creator":
                share = (line["source"], line["account"]["key"])
                paid[share] = paid.get(share, 0) + int(line["amount"])
        for (play, key), amount in paid.items():
            terms = self.terms.get(play)
            if not terms or terms["split"] not in self.splits or terms["priceList"] not in self.prices:
                continue
            signed = self.splits[terms["split"]]
            open_split(self.spec, signed, self.environment)
            parties = open_message(self.spec, "split", signed[0], self.environment)["body"]["parties"]
            price = int(self.prices[terms["priceList"]]["creatorsPerPlay"])
            earned = sum(part for party, part in divide(price, parties) if party == key)
            if amount != earned:
                raise Refused("overpaid" if amount > earned else "underpaid", f"play {play}")

    def check_pay(self):
        paid, accounts = {}, {}
        for line in self.lines.values():
            if line["account"]["kind"] == "household":
                paid[line["source"]] = paid.get(line["source"], 0) + int(line["amount"])
        closed = max((body["closedAt"] for body in self.statements.values()), default=0)
        for record, ticket, proven in self.records:
            number = record["body"]["sequence"]
            account = accounts.setdefault(ticket["hash"], {"proven": 0, "paid": 0, "excused": False})
            account["proven"] = max(account["proven"], proven)
            account["paid"] += paid.get(record["hash"], 0)
            refused = any(entry["sequence"] == number for ack in self.acks for entry in ack["refused"])
            account["excused"] = account["excused"] or refused
            per_mebibyte = int(self.prices[ticket["body"]["priceList"]]["householdPerMebibyte"])
            earned = account["proven"] * per_mebibyte // 2**20
            answered = [ack["at"] for ack in self.acks if ack["upTo"] >= number]
            if account["paid"] > earned:
                raise Refused("overpaid", f"record {number}")
            if account["paid"] < earned and not account["excused"] and answered and min(answered) < closed:
                raise Refused("left-out", f"record {number}")

    def summary(self):
        own = [l for n, l in self.lines.items() if n in self.proven and l["account"]["key"] == self.subject]
        return {
            "items": len(self.kinds),
            "records": len(self.records),
            "statements": len(self.statements),
            "provenLines": len(self.proven),
            "provenTokens": str(sum(int(line["amount"]) for line in own)),
        }


# Running


def code_of(action):
    try:
        action()
    except Refused as refused:
        return refused.code
    return None


def check_vectors(spec, vectors):
    """Every answer that differs from the vectors, as text."""
    unhex, wrong = bytes.fromhex, []

    def compare(name, expected, found):
        if expected != found:
            wrong.append(f"{name}: expected {expected!r}, found {found!r}")

    for vector in vectors["ed25519"]:
        held = signature_holds(unhex(vector["key"]), unhex(vector["message"]), unhex(vector["signature"]))
        compare(vector["name"], vector["valid"], held)
    for vector in vectors["accepted"]:
        opened = open_message(spec, vector["type"], unhex(vector["bytes"]), "dev", {vector["signer"]})
        compare(vector["type"], vector["hash"], opened["hash"])
        compare(vector["type"], vector["body"], opened["body"])
    for vector in vectors["refused"]:
        data, signer = unhex(vector["bytes"]), {vector["signer"]}
        code = code_of(lambda: open_message(spec, vector["type"], data, "dev", signer))
        compare(vector["name"], vector["code"], code)
        compare(f"{vector['name']}: is in the table", True, code in spec.codes)
    split = [unhex(data) for data in vectors["split"]["signed"]]
    compare("split", vectors["split"]["id"], open_split(spec, split, "dev"))
    for fewer in (split[1:], split[:1] * 2):
        compare("split of fewer", "split-unsigned", code_of(lambda: open_split(spec, fewer, "dev")))
    batch = [data.hex() for data in decode_batch(unhex(vectors["batch"]["bytes"]))]
    compare("batch", vectors["batch"]["messages"], batch)
    for vector in vectors["ledgerLines"]:
        compare("ledger line", vector["line"], read_line(spec, unhex(vector["bytes"])))
    check_merkle(vectors["merkle"], compare)
    content = unhex(vectors["export"]["content"])
    coordinators = {next(v["signer"] for v in vectors["accepted"] if v["type"] == "ticket")}
    compare("export", None, code_of(lambda: Export(spec, "dev", coordinators).read(content)))
    for vector in vectors["accounts"]:
        account = unhex(vector["content"])
        compare(vector["name"], vector.get("code"), code_of(lambda: Export(spec, "dev", coordinators).read(account)))
    for at in range(0, len(content), 191):
        damaged = content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
        changed = code_of(lambda: Export(spec, "dev", coordinators).read(damaged))
        compare(f"export with byte {at} changed is refused", True, changed is not None)
    return wrong


def check_merkle(merkle, compare):
    unhex = bytes.fromhex
    leaves = [leaf_hash(unhex(leaf)) for leaf in merkle["leaves"]]
    roots = [unhex(root) for root in merkle["roots"]]
    compare("roots", roots, [merkle_root(leaves[:size]) for size in range(len(leaves) + 1)])
    for vector in merkle["inclusion"]:
        index, size, path = vector["index"], vector["size"], [unhex(node) for node in vector["proof"]]
        compare("inclusion", True, inclusion_holds(leaves[index], index, size, path, roots[size]))
        compare("inclusion elsewhere", False, inclusion_holds(leaves[index], index ^ 1, size, path, roots[size]))
    for vector in merkle["consistency"]:
        old, size, path = vector["oldSize"], vector["size"], [unhex(node) for node in vector["proof"]]
        compare("consistency", True, consistency_holds(old, size, path, roots[old], roots[size]))
        compare("inconsistency", False, consistency_holds(old, size, path, roots[old - 1], roots[size]))


def main(arguments):
    mode, specification, path, *rest = arguments
    with open(specification, encoding="utf-8") as file:
        spec = Specification(file.read())
    if mode == "vectors":
        with open(path, encoding="utf-8") as file:
            vectors = json.load(file)
        wrong = check_vectors(spec, vectors)
        lists = [vectors[name] for name in ("ed25519", "accepted", "refused", "ledgerLines")]
        print("\n".join(wrong) or f"{sum(map(len, lists))} vectors hold, and split, batch, proofs, export")
        return 1 if wrong else 0
    environment = rest[rest.index("--environment") + 1]
    keys = {argument for argument in rest if re.fullmatch("[0-9a-f]{64}", argument)}
    with open(path, "rb") as file:
        content = file.read()
    try:
        print(json.dumps(Export(spec, environment, keys).read(content).summary()))
    except Refused as refused:
        print(refused)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
