"""A naive second opinion on networks: plain Python, one lane and one pair after the other.

Nothing here comes from the package. A node is a list of lanes; a connection says what each lane
of its source sends, given the states of all nodes, and has a matrix of weights and one of
delays. All numbers are plain floats in ms and 1/ms.
"""

import math

import twin


class Node:
    def __init__(self, rates, lanes, noise=None, seed=0, inputs=("I_ext",), lane=0, lower=None):
        """`lanes` is a list of (state, parameters); `noise` maps names to (sigma, tau or None).

        `lane` is the number of the first lane for the noise; `lower` maps states to what they
        cannot fall below in a stochastic step: a number, or the name of a parameter.
        """
        self.rates, self.inputs, self.seed, self.lane = rates, inputs, seed, lane
        self.lower = dict(lower or {})
        self.states = [dict(state) for state, _ in lanes]
        self.parameters = [dict(parameters) for _, parameters in lanes]
        self.noise = [
            {
                name: twin.White(sigma) if tau is None else twin.Coloured(sigma, tau)
                for name, (sigma, tau) in (noise or {}).items()
            }
            for _ in lanes
        ]


class Connection:
    def __init__(self, target, name, send, weights, delays=None, past=None):
        self.target, self.name, self.send, self.weights = target, name, send, weights
        self.delays = delays or [[0.0] * len(row) for row in weights]
        self.past = past
        self.sent = []


class Network:
    def __init__(self, nodes, connections, dt, method="heun", held=False):
        self.nodes, self.connections = nodes, connections
        self.dt, self.method, self.held, self.clock = dt, method, held, 0

    def states(self):
        return {name: node.states for name, node in self.nodes.items()}

    def step(self, external=None):
        """Take one step; `external` maps (node, input) to a value for each lane."""
        external = external or {}
        for each in self.connections:
            each.sent.append(each.send(self.states()))
        noise = self._noise()
        now = self.states()
        first = self._inputs(external, now, 0)
        k = self._rates(now, first, noise)
        moved = self._moved(now, [k], noise)
        if self.method == "heun":
            second = first if self.held else self._inputs(external, moved, 1)
            m = self._rates(moved, second, noise)
            moved = self._moved(now, [k, m], noise)
        moved = self._bounded(moved)
        for name, node in self.nodes.items():
            node.states = moved[name]
        self.clock += 1

    def _inputs(self, external, states, stage):
        found = {
            name: [
                {each: _lane(external.get((name, each), 0.0), i) for each in node.inputs}
                for i in range(len(node.states))
            ]
            for name, node in self.nodes.items()
        }
        for each in self.connections:
            now = each.send(states)
            for i, row in enumerate(each.weights):
                for j, weight in enumerate(row):
                    if weight != 0.0:
                        value = self._arriving(each, i, j, now, stage)
                        found[each.target][i][each.name] += weight * value
        return found

    def _arriving(self, each, i, j, now, stage):
        back = each.delays[i][j] / self.dt
        if back == 0.0:
            return now[j]
        at = self.clock + stage - back
        low = math.floor(at + 1e-6)
        part = at - low if at - low > 1e-6 else 0.0
        value = (1 - part) * self._past(each, j, low)
        return value + part * self._past(each, j, low + 1) if part else value

    def _past(self, each, j, step):
        if step >= 0:
            return each.sent[step][j]
        return each.sent[0][j] if each.past is None else each.past(step * self.dt)[j]

    def _noise(self):
        """For every lane of every node what the noise of this step adds, by name."""
        return {
            name: [
                {
                    each: (source, twin.normal(node.seed, node.lane + i, each, self.clock))
                    for each, source in sources.items()
                }
                for i, sources in enumerate(node.noise)
            ]
            for name, node in self.nodes.items()
        }

    def _rates(self, states, inputs, noise):
        found = {}
        for name, node in self.nodes.items():
            found[name] = []
            for i, state in enumerate(states[name]):
                given = dict(inputs[name][i])
                force = dict.fromkeys(state, 0.0)
                for each, (source, n) in noise[name][i].items():
                    place = force if each in state else given
                    if isinstance(source, twin.Coloured):
                        place[each] += self._coloured(source, n)
                    elif each not in state:
                        given[each] += source.sigma * n / math.sqrt(self.dt)
                rates = node.rates(**state, **given, **node.parameters[i])
                rates = rates if isinstance(rates, tuple) else (rates,)
                found[name].append(
                    {x: rate + force[x] for x, rate in zip(state, rates, strict=True)}
                )
        return found

    def _coloured(self, source, n):
        """The value of a source in this step, the same in both stages."""
        if getattr(source, "step", None) != self.clock:
            source.step = self.clock
            source.next(self.dt, n)
        return source.value

    def _moved(self, states, rates, noise):
        found = {}
        for name in self.nodes:
            found[name] = []
            for i, state in enumerate(states[name]):
                kick = dict.fromkeys(state, 0.0)
                for each, (source, n) in noise[name][i].items():
                    if each in state and isinstance(source, twin.White):
                        kick[each] = source.sigma * math.sqrt(self.dt) * n
                found[name].append({
                    x: y + self.dt * sum(k[name][i][x] for k in rates) / len(rates) + kick[x]
                    for x, y in state.items()
                })  # fmt: skip
        return found

    def _bounded(self, states):
        """The states at the end of a step, noisy ones no lower than they can be."""
        for name, node in self.nodes.items():
            for lane, noise, own in zip(states[name], node.noise, node.parameters, strict=True):
                for state, low in node.lower.items() if noise else ():
                    lane[state] = max(lane[state], own.get(low, low))
        return states


def _lane(value, i):
    return value if isinstance(value, float) else value[i]


# ------------------------------------------------- stages of synapses, as papers print them


def filtered(s, x, tau):
    return ((x - s) / tau,)


def depressed(a, x, rate, alpha, tau_a):
    return x / tau_a, alpha * rate - 2 * x / tau_a - a / tau_a


def plastic(x, u, rate, tau_d, tau_f, U0):
    return (1 - x) / tau_d - u * x * rate, (U0 - u) / tau_f + U0 * (1 - u) * rate
