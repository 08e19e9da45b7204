"""What Plivo does, as far as trying out and testing need it: sign, send, read the answer.

Plain functions over plain values; the programs that use them (server/tools/call) do
the talking to people.
"""
