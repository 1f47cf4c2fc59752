"""A systemd-logind of one trick on a bus of its own, in bare D-Bus: it takes inhibitors, says when they are let go, and sends PrepareForShutdown.

Reads lines from stdin: `shutdown true`, `shutdown false`, `delay MICROSECONDS`. Writes lines to stdout: `ready`, `inhibit WHAT WHO MODE`, `released`.
"""
import array
import os
import select
import socket
import struct
import sys

NAME, PATH, MANAGER = 'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'
BUS = ('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus')
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
serial = 0
delay = 5_000_000


def pad(data, size):
    return data + b'\0' * (-len(data) % size)


def text(value, code='s'):
    raw = value.encode()
    return (struct.pack('<B', len(raw)) if code == 'g' else struct.pack('<I', len(raw))) + raw + b'\0'


def message(kind, body=b'', signature='', fds=0, **fields):
    global serial
    serial += 1
    codes = {'path': (1, 'o'), 'interface': (2, 's'), 'member': (3, 's'), 'error': (4, 's'), 'reply': (5, 'u'), 'destination': (6, 's')}
    listed = [(codes[k][0], codes[k][1], v) for k, v in fields.items()]
    if signature:
        listed.append((8, 'g', signature))
    if fds:
        listed.append((9, 'u', fds))
    array_ = b''
    for code, kind_, value in listed:
        array_ = pad(array_, 8) + struct.pack('<B', code) + text(kind_, 'g')
        if kind_ == 'u':
            array_ = pad(array_, 4) + struct.pack('<I', value)
        elif kind_ == 'g':
            array_ += text(value, 'g')
        else:
            array_ = pad(array_, 4) + text(value)
    head = struct.pack('<BBBBIII', ord('l'), kind, 0, 1, len(body), serial, len(array_)) + array_
    return pad(head, 8) + body


def parse(data):
    """One message off the front: (type, serial, fields, body), and the rest; None while it is not whole."""
    if len(data) < 16:
        return None, data
    _, kind, _, _, length, number, size = struct.unpack_from('<BBBBIII', data)
    start = 16 + size + (-(16 + size) % 8)
    if len(data) < start + length:
        return None, data
    fields, at = {}, 16
    while at < 16 + size:
        at += -at % 8
        code, sig = data[at], chr(data[at + 2])
        at += 4
        if sig == 'g':
            fields[code] = data[at + 1:at + 1 + data[at]].decode()
            at += data[at] + 2
        elif sig in 'so':
            at += -at % 4
            (n,) = struct.unpack_from('<I', data, at)
            fields[code] = data[at + 4:at + 4 + n].decode()
            at += n + 5
        else:
            at += -at % 4
            (fields[code],) = struct.unpack_from('<I', data, at)
            at += 4
    return (kind, number, fields, data[start:start + length]), data[start + length:]


def strings(body):
    found, at = [], 0
    while at < len(body):
        at += -at % 4
        (n,) = struct.unpack_from('<I', body, at)
        found.append(body[at + 4:at + 4 + n].decode())
        at += n + 5
    return found


def say(*words):
    print(*words, flush=True)


bus = socket.socket(socket.AF_UNIX)
bus.connect(sys.argv[1])
bus.sendall(b'\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\r\n')
bus.recv(4096)
bus.sendall(b'NEGOTIATE_UNIX_FD\r\n')
bus.recv(4096)
bus.sendall(b'BEGIN\r\n')
bus.sendall(message(CALL, destination=BUS[0], path=BUS[1], interface=BUS[2], member='Hello'))
request = pad(text(NAME), 4) + struct.pack('<I', 4)
bus.sendall(message(CALL, request, 'su', destination=BUS[0], path=BUS[1], interface=BUS[2], member='RequestName'))
owned = serial
locks, data = [], b''
while True:
    ready = select.select([bus, sys.stdin] + locks, [], [])[0]
    for lock in [r for r in locks if r in ready]:
        locks.remove(lock)
        os.close(lock)
        say('released')
    if sys.stdin in ready:
        words = sys.stdin.readline().split()
        if not words:
            break
        if words[0] == 'delay':
            delay = int(words[1])
        else:
            flag = struct.pack('<I', words[1] == 'true')
            bus.sendall(message(SIGNAL, flag, 'b', path=PATH, interface=MANAGER, member='PrepareForShutdown'))
    if bus not in ready:
        continue
    more = bus.recv(65536)
    if not more:
        break
    data += more
    while True:
        got, data = parse(data)
        if got is None:
            break
        kind, number, fields, body = got
        if kind == RETURN and fields.get(5) == owned:
            say('ready')
        if kind != CALL:
            continue
        to = {'destination': fields.get(7, ''), 'reply': number}
        if fields.get(3) == 'Inhibit':
            what, who, _, mode = strings(body)
            mine, theirs = os.pipe()
            out = message(RETURN, struct.pack('<I', 0), 'h', 1, **to)
            bus.sendmsg([out], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [theirs]))])
            os.close(theirs)
            locks.append(mine)
            say('inhibit', what, who, mode)
        elif fields.get(3) == 'Get':
            bus.sendall(message(RETURN, pad(text('t', 'g'), 8) + struct.pack('<Q', delay), 'v', **to))
        else:
            bus.sendall(message(RETURN, **to))
