"""Networks: members, connections, and the arrays that their loop runs on."""
