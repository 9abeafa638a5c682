/* The QIF mean field in plain C99: what the speed tables compare with.
 *
 *     tau dr/dt = delta / (pi tau) + 2 r v
 *     tau dv/dt = v^2 + eta + J tau r + I - (pi tau r)^2
 *
 * Units are free but coherent (ms and 1/ms in the benchmarks). Three forms of the same step:
 *
 *     PRINTED   as in the paper, divisions included
 *     HOISTED   the same order of operations, with everything that depends on parameters alone
 *               computed once and every division by a parameter a product with its reciprocal
 *     TUNED     reordered by hand for the shortest chain of dependent operations, dt folded into
 *               the constants: equal to the others to rounding only
 *
 * and two methods, EULER: y + dt f(y), and HEUN: k1 = f(y), k2 = f(y + dt k1),
 * y + dt (k1 + k2) / 2. Every loop below is written once; SPECIALISE compiles it for each method
 * and form, so that the choice is made outside the loop.
 */
#include <math.h>
#include <stdint.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT
#endif

#define PI 3.14159265358979323846

enum { EULER, HEUN };
enum { PRINTED, HOISTED, TUNED };
enum { CONSTANTS = 5, LANES = 64, BUFFER = 256 };

#define SPECIALISE(loop, ...)                                               \
    switch (3 * method + form) {                                            \
    case 3 * EULER + PRINTED: loop(EULER, PRINTED, __VA_ARGS__); break;     \
    case 3 * EULER + HOISTED: loop(EULER, HOISTED, __VA_ARGS__); break;     \
    case 3 * EULER + TUNED: loop(EULER, TUNED, __VA_ARGS__); break;         \
    case 3 * HEUN + PRINTED: loop(HEUN, PRINTED, __VA_ARGS__); break;       \
    case 3 * HEUN + HOISTED: loop(HEUN, HOISTED, __VA_ARGS__); break;       \
    case 3 * HEUN + TUNED: loop(HEUN, TUNED, __VA_ARGS__); break;           \
    }

typedef struct {
    double tau, eta, delta, J;
} Parameters;

/* ---- one step ------------------------------------------------------------------------------- */

/* What depends on parameters (and, if TUNED, on dt) alone; `slope` names the entries. */
INLINE void constants(int form, Parameters p, double dt, double c[CONSTANTS])
{
    if (form == PRINTED) {
        c[0] = p.tau;
        c[1] = p.eta;
        c[2] = p.delta;
        c[3] = p.J;
        c[4] = 0.0;
    } else if (form == HOISTED) {
        c[0] = 1.0 / p.tau;
        c[1] = p.eta;
        c[2] = p.delta / (PI * p.tau);
        c[3] = p.J * p.tau;
        c[4] = PI * p.tau;
    } else {
        const double scale = dt / p.tau;
        c[0] = scale;
        c[1] = scale * p.eta;
        c[2] = scale * p.delta / (PI * p.tau);
        c[3] = scale * p.J * p.tau;
        c[4] = scale * (PI * p.tau) * (PI * p.tau);
    }
}

/* f(y), or dt f(y) if TUNED. */
INLINE void slope(int form, const double c[CONSTANTS], double r, double v, double I,
                  double *dr, double *dv)
{
    if (form == PRINTED) {
        const double tau = c[0], eta = c[1], delta = c[2], J = c[3];
        const double p = PI * tau * r;
        *dr = (delta / (PI * tau) + 2.0 * r * v) / tau;
        *dv = (v * v + eta + J * tau * r + I - p * p) / tau;
    } else if (form == HOISTED) {
        const double inv_tau = c[0], eta = c[1], spread = c[2], J_tau = c[3], pi_tau = c[4];
        const double p = pi_tau * r;
        *dr = (spread + 2.0 * r * v) * inv_tau;
        *dv = (v * v + eta + J_tau * r + I - p * p) * inv_tau;
    } else {
        const double scale = c[0], eta = c[1], spread = c[2], J = c[3], quadratic = c[4];
        *dr = spread + (2.0 * scale * r) * v;
        *dv = ((scale * v) * v + (eta + scale * I)) + r * (J - quadratic * r);
    }
}

/* Euler's step, or the first stage of Heun's; the slope is handed on. With `noisy`, `kick` is the
 * step's sigma dW on v, in both stages. */
INLINE void predict(int form, int noisy, const double c[CONSTANTS], double dt, double I,
                    double kick, double r, double v, double *dr, double *dv, double *r1,
                    double *v1)
{
    const double scale = form == TUNED ? 1.0 : dt;
    slope(form, c, r, v, I, dr, dv);
    *r1 = r + scale * *dr;
    *v1 = v + scale * *dv;
    if (noisy)
        *v1 += kick;
}

/* The second stage of Heun's step: r1, v1 are predicted on entry, and corrected on return. */
INLINE void correct(int form, int noisy, const double c[CONSTANTS], double dt, double I,
                    double kick, double r, double v, double dr, double dv, double *r1, double *v1)
{
    double dr1, dv1;
    slope(form, c, *r1, *v1, I, &dr1, &dv1);
    if (form == TUNED) { /* all but dr1, dv1 is known before the second slope */
        *r1 = (r + 0.5 * dr) + 0.5 * dr1;
        *v1 = noisy ? ((v + kick) + 0.5 * dv) + 0.5 * dv1 : (v + 0.5 * dv) + 0.5 * dv1;
    } else {
        *r1 = r + 0.5 * dt * (dr + dr1);
        *v1 = v + 0.5 * dt * (dv + dv1);
        if (noisy)
            *v1 += kick;
    }
}

/* One step in place. */
INLINE void step(int method, int form, int noisy, const double c[CONSTANTS], double dt, double I,
                 double kick, double *r, double *v)
{
    double dr, dv, r1, v1;
    predict(form, noisy, c, dt, I, kick, *r, *v, &dr, &dv, &r1, &v1);
    if (method == HEUN)
        correct(form, noisy, c, dt, I, kick, *r, *v, dr, dv, &r1, &v1);
    *r = r1;
    *v = v1;
}

/* ---- one population ------------------------------------------------------------------------- */

INLINE void final_loop(int method, int form, Parameters p, int64_t n, double dt, double I,
                       double *r_state, double *v_state)
{
    double c[CONSTANTS], r = *r_state, v = *v_state;
    constants(form, p, dt, c);
    for (int64_t k = 0; k < n; k++)
        step(method, form, 0, c, dt, I, 0.0, &r, &v);
    *r_state = r;
    *v_state = v;
}

/* n steps with a constant input; the state in and out. By two pointers: were it one array, gcc
 * would keep r and v in one vector register through the loop, which costs 5 to 10 %. */
EXPORT void qif_final(int method, int form, Parameters p, int64_t n, double dt, double I,
                      double *r_state, double *v_state)
{
    SPECIALISE(final_loop, p, n, dt, I, r_state, v_state)
}

/* `sampled`: the input of step k is inputs[k], else inputs[0] always. */
INLINE void record_loop(int method, int form, int sampled, Parameters p, int64_t n, double dt,
                        const double *restrict inputs, double *restrict r_trace,
                        double *restrict v_trace, double *restrict I_trace)
{
    double c[CONSTANTS], r = r_trace[0], v = v_trace[0], I = inputs[0];
    constants(form, p, dt, c);
    for (int64_t k = 0; k < n; k++) {
        if (sampled)
            I = inputs[k];
        step(method, form, 0, c, dt, I, 0.0, &r, &v);
        r_trace[k + 1] = r;
        v_trace[k + 1] = v;
        I_trace[k + 1] = I;
    }
}

INLINE void record_constant(int method, int form, Parameters p, int64_t n, double dt,
                            const double *inputs, double *r, double *v, double *I)
{
    record_loop(method, form, 0, p, n, dt, inputs, r, v, I);
}

INLINE void record_sampled(int method, int form, Parameters p, int64_t n, double dt,
                           const double *inputs, double *r, double *v, double *I)
{
    record_loop(method, form, 1, p, n, dt, inputs, r, v, I);
}

/* n steps into traces of n + 1 values, the first being the initial state (input: NaN there). */
EXPORT void qif_record(int method, int form, int sampled, Parameters p, int64_t n, double dt,
                       const double *inputs, double *r_trace, double *v_trace, double *I_trace)
{
    if (sampled) {
        SPECIALISE(record_sampled, p, n, dt, inputs, r_trace, v_trace, I_trace)
    } else {
        SPECIALISE(record_constant, p, n, dt, inputs, r_trace, v_trace, I_trace)
    }
}

/* ---- many lanes ----------------------------------------------------------------------------- */

INLINE void lanes_loop(int method, int form, int64_t n_lanes, int64_t n, double dt,
                       const double *tau, const double *eta, const double *delta, const double *J,
                       const double *I, double *r, double *v)
{
    for (int64_t first = 0; first < n_lanes; first += LANES) {
        double c[CONSTANTS][LANES], block_I[LANES], block_r[LANES], block_v[LANES];
        for (int j = 0; j < LANES; j++) { /* the last block is padded with the last lane */
            const int64_t lane = first + j < n_lanes ? first + j : n_lanes - 1;
            const Parameters p = {tau[lane], eta[lane], delta[lane], J[lane]};
            double one[CONSTANTS];
            constants(form, p, dt, one);
            for (int i = 0; i < CONSTANTS; i++)
                c[i][j] = one[i];
            block_I[j] = I[lane];
            block_r[j] = r[lane];
            block_v[j] = v[lane];
        }
        for (int64_t k = 0; k < n; k++) {
            for (int j = 0; j < LANES; j++) {
                const double one[CONSTANTS] = {c[0][j], c[1][j], c[2][j], c[3][j], c[4][j]};
                step(method, form, 0, one, dt, block_I[j], 0.0, &block_r[j], &block_v[j]);
            }
        }
        for (int j = 0; j < LANES && first + j < n_lanes; j++) {
            r[first + j] = block_r[j];
            v[first + j] = block_v[j];
        }
    }
}

/* n steps of every lane, each with parameters and input of its own; r and v in and out. */
EXPORT void qif_lanes(int method, int form, int64_t n_lanes, int64_t n, double dt,
                      const double *tau, const double *eta, const double *delta, const double *J,
                      const double *I, double *r, double *v)
{
    SPECIALISE(lanes_loop, n_lanes, n, dt, tau, eta, delta, J, I, r, v)
}

/* ---- neurons -------------------------------------------------------------------------------- */

/* n steps of neurons that are coupled all to all, each in closed form through infinity, with the
   rate extrapolated from the spikes of the last two steps; counts of those and v in and out. */
EXPORT void qif_neurons(int64_t n_neurons, int64_t n, Parameters p, double dt, double I,
                        double *counts, const double *eta, double *v)
{
    const double h = dt / p.tau, hh = h * h;
    for (int64_t k = 0; k < n; k++) {
        const double rate = (2.0 * counts[1] - counts[0]) / ((double)n_neurons * dt);
        const double common = I + p.J * p.tau * rate;
        int64_t fired = 0;
        for (int64_t j = 0; j < n_neurons; j++) {
            const double i = common + eta[j], z = i * hh;
            const double t = (945.0 - z * (105.0 - z)) * h;
            const double q = 945.0 - z * (420.0 - 15.0 * z);
            const double below = q - v[j] * t;
            fired += below < 0.0;
            v[j] = (v[j] * q + i * t) / below;
        }
        counts[0] = counts[1];
        counts[1] = (double)fired;
    }
}

/* ---- noise ---------------------------------------------------------------------------------- */

/* Philox 4x32-10 (Salmon et al. 2011), counter in place. */
INLINE void philox_rounds(uint32_t x[4], uint32_t key0, uint32_t key1)
{
    for (int i = 0; i < 10; i++) {
        const uint64_t product0 = (uint64_t)0xD2511F53u * x[0];
        const uint64_t product1 = (uint64_t)0xCD9E8D57u * x[2];
        x[0] = (uint32_t)(product1 >> 32) ^ x[1] ^ key0;
        x[1] = (uint32_t)product1;
        x[2] = (uint32_t)(product0 >> 32) ^ x[3] ^ key1;
        x[3] = (uint32_t)product0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

EXPORT void philox(uint32_t x[4], uint32_t key0, uint32_t key1)
{
    philox_rounds(x, key0, key1);
}

/* Two uniforms of 53 bits, u in (0, 1] and w in [0, 1), for an even step and the one after it. */
INLINE void uniforms(uint64_t seed, uint32_t lane, uint32_t source, uint64_t pair, double *u,
                     double *w)
{
    const double unit = 1.0 / 9007199254740992.0; /* 2^-53 */
    uint32_t x[4] = {(uint32_t)pair, lane, source, (uint32_t)(pair >> 32)};
    philox_rounds(x, (uint32_t)seed, (uint32_t)(seed >> 32));
    *u = (double)((((uint64_t)x[0] << 32 | x[1]) >> 11) + 1) * unit;
    *w = (double)(((uint64_t)x[2] << 32 | x[3]) >> 11) * unit;
}

/* Box-Muller, to rounding what the package draws. */
INLINE void normal_pair(double u, double w, double *even, double *odd)
{
    const double radius = sqrt(-2.0 * log(u)), angle = 2.0 * PI * w;
    *even = radius * cos(angle);
    *odd = radius * sin(angle);
}

/* Up to BUFFER normals, those of steps first ... first + n - 1, first even; one more if n is odd.
 * Two passes, so that the first vectorises. */
INLINE void normals_block(uint64_t seed, uint32_t lane, uint32_t source, int64_t first, int64_t n,
                          double *restrict out)
{
    const int64_t n_pairs = (n + 1) / 2;
    double u[BUFFER / 2], w[BUFFER / 2];
    for (int64_t i = 0; i < n_pairs; i++)
        uniforms(seed, lane, source, (uint64_t)(first / 2 + i), &u[i], &w[i]);
    for (int64_t i = 0; i < n_pairs; i++)
        normal_pair(u[i], w[i], &out[2 * i], &out[2 * i + 1]);
}

/* The normals of all lanes for an even step and the one after it. */
INLINE void normals_lanes(uint64_t seed, int64_t lanes, uint32_t source, int64_t step,
                          double *restrict even, double *restrict odd)
{
    double u[BUFFER], w[BUFFER];
    for (int64_t first = 0; first < lanes; first += BUFFER) {
        const int64_t n = lanes - first < BUFFER ? lanes - first : BUFFER;
        for (int64_t i = 0; i < n; i++)
            uniforms(seed, (uint32_t)(first + i), source, (uint64_t)step / 2, &u[i], &w[i]);
        for (int64_t i = 0; i < n; i++)
            normal_pair(u[i], w[i], &even[first + i], &odd[first + i]);
    }
}

/* Normals of steps 0 ... n - 1, n even. */
EXPORT void normals(uint64_t seed, uint32_t lane, uint32_t source, int64_t n, double *out)
{
    for (int64_t first = 0; first < n; first += BUFFER)
        normals_block(seed, lane, source, first, n - first < BUFFER ? n - first : BUFFER,
                      out + first);
}

INLINE void noisy_loop(int method, int form, Parameters p, int64_t n, double dt, double I,
                       double sigma, uint64_t seed, uint32_t lane, uint32_t source,
                       double *r_state, double *v_state)
{
    double c[CONSTANTS], z[BUFFER], r = *r_state, v = *v_state;
    const double amplitude = sigma * sqrt(dt);
    constants(form, p, dt, c);
    for (int64_t first = 0; first < n; first += BUFFER) {
        const int64_t m = n - first < BUFFER ? n - first : BUFFER;
        normals_block(seed, lane, source, first, m, z);
        for (int64_t k = 0; k < m; k++)
            step(method, form, 1, c, dt, I, amplitude * z[k], &r, &v);
    }
    *r_state = r;
    *v_state = v;
}

INLINE void given_loop(int method, int form, Parameters p, int64_t n, double dt, double I,
                       double sigma, const double *z, double *r_state, double *v_state)
{
    double c[CONSTANTS], r = *r_state, v = *v_state;
    const double amplitude = sigma * sqrt(dt);
    constants(form, p, dt, c);
    for (int64_t k = 0; k < n; k++)
        step(method, form, 1, c, dt, I, amplitude * z[k], &r, &v);
    *r_state = r;
    *v_state = v;
}

/* n steps with white noise on v, sigma in 1/sqrt(time); normals made here, in small blocks. */
EXPORT void qif_noisy(int method, int form, Parameters p, int64_t n, double dt, double I,
                      double sigma, uint64_t seed, uint32_t lane, uint32_t source,
                      double *r_state, double *v_state)
{
    SPECIALISE(noisy_loop, p, n, dt, I, sigma, seed, lane, source, r_state, v_state)
}

/* The same with normals made before, one per step. */
EXPORT void qif_noisy_given(int method, int form, Parameters p, int64_t n, double dt, double I,
                            double sigma, const double *z, double *r_state, double *v_state)
{
    SPECIALISE(given_loop, p, n, dt, I, sigma, z, r_state, v_state)
}

/* ---- two coupled populations ---------------------------------------------------------------- */

INLINE void pair_loop(int method, int form, Parameters exc, Parameters inh, double to_exc,
                      double to_inh, int64_t n, double dt, double I_exc, double I_inh,
                      double *state)
{
    double c[CONSTANTS], d[CONSTANTS];
    double r = state[0], v = state[1], q = state[2], w = state[3];
    constants(form, exc, dt, c);
    constants(form, inh, dt, d);
    for (int64_t k = 0; k < n; k++) {
        double dr, dv, dq, dw, r1, v1, q1, w1;
        predict(form, 0, c, dt, I_exc + to_exc * q, 0.0, r, v, &dr, &dv, &r1, &v1);
        predict(form, 0, d, dt, I_inh + to_inh * r, 0.0, q, w, &dq, &dw, &q1, &w1);
        if (method == HEUN) {
            const double J_exc = I_exc + to_exc * q1, J_inh = I_inh + to_inh * r1;
            correct(form, 0, c, dt, J_exc, 0.0, r, v, dr, dv, &r1, &v1);
            correct(form, 0, d, dt, J_inh, 0.0, q, w, dq, dw, &q1, &w1);
        }
        r = r1;
        v = v1;
        q = q1;
        w = w1;
    }
    state[0] = r;
    state[1] = v;
    state[2] = q;
    state[3] = w;
}

/* n steps of an E-I loop: four couplings, each population's own being its J, the others input per
 * rate. The state (r, v of the one, r, v of the other) in and out. */
EXPORT void qif_pair(int method, int form, Parameters exc, Parameters inh, double to_exc,
                     double to_inh, int64_t n, double dt, double I_exc, double I_inh,
                     double *state)
{
    SPECIALISE(pair_loop, exc, inh, to_exc, to_inh, n, dt, I_exc, I_inh, state)
}

/* ---- nodes with delays ---------------------------------------------------------------------- */

/* Pairs lie by source. Every row of the history is a ring that stands twice, one copy behind the
 * other, so that an index needs no remainder and what a block reads is contiguous. */
typedef struct {
    int64_t nodes, length;   /* length of the ring, more than the longest delay */
    int64_t block;           /* steps whose coupling is computed at once, 0 to go step by step */
    const int64_t *starts;   /* nodes + 1 numbers: where the pairs of each source begin */
    const int32_t *targets;  /* of each pair; not looked at if `dense` */
    const int32_t *delays;   /* of each pair, in steps */
    const double *weights;   /* of each pair, input per rate */
    double *history;         /* nodes by twice the length */
    double *arrivals;        /* nodes by block + 1, or two by nodes */
    double *normals;         /* two by nodes */
    double *r, *v;
} Nodes;

/* What arrives at one point in time: one number after the other. */
INLINE void gather(int dense, const Nodes *net, int64_t now, double *restrict total)
{
    for (int64_t i = 0; i < net->nodes; i++)
        total[i] = 0.0;
    for (int64_t j = 0; j < net->nodes; j++) {
        const int64_t first = net->starts[j], n = net->starts[j + 1] - first;
        const double *row = net->history + (2 * j + 1) * net->length + now;
        const double *weights = net->weights + first;
        const int32_t *delays = net->delays + first, *targets = net->targets + first;
        for (int64_t k = 0; k < n; k++)
            total[dense ? k : targets[k]] += weights[k] * row[-delays[k]];
    }
}

/* What arrives at the present and at the `points` - 1 points after it. */
INLINE void gather_block(int dense, const Nodes *net, int64_t now, int64_t points)
{
    const int64_t nodes = net->nodes, width = net->block + 1, fours = dense ? nodes / 4 * 4 : 0;
    const double *present = net->history + net->length + now;
    for (int64_t i = 0; i < nodes * width; i++)
        net->arrivals[i] = 0.0;
    for (int64_t j = 0; j < fours; j += 4) {
        const double *row = present + 2 * j * net->length;
        const double *w = net->weights + j * nodes;
        const int32_t *d = net->delays + j * nodes;
        for (int64_t i = 0; i < nodes; i++, w++, d++) {
            const double *h0 = row - d[0], *h1 = row + 2 * net->length - d[nodes];
            const double *h2 = row + 4 * net->length - d[2 * nodes];
            const double *h3 = row + 6 * net->length - d[3 * nodes];
            const double w0 = w[0], w1 = w[nodes], w2 = w[2 * nodes], w3 = w[3 * nodes];
            double *restrict a = net->arrivals + i * width;
            for (int64_t p = 0; p < points; p++)
                a[p] = a[p] + w0 * h0[p] + w1 * h1[p] + w2 * h2[p] + w3 * h3[p];
        }
    }
    for (int64_t j = fours; j < nodes; j++) {
        const double *row = present + 2 * j * net->length;
        for (int64_t k = net->starts[j]; k < net->starts[j + 1]; k++) {
            const int64_t target = dense ? k - net->starts[j] : net->targets[k];
            const double *h = row - net->delays[k];
            const double w = net->weights[k];
            double *restrict a = net->arrivals + target * width;
            for (int64_t p = 0; p < points; p++)
                a[p] += w * h[p];
        }
    }
}

/* All nodes from the input of the present, here[i * stride], to that of the next point. */
INLINE void step_nodes(int noisy, const double c[CONSTANTS], int64_t nodes, double dt, double I,
                       double amplitude, const double *restrict here, const double *restrict next,
                       int64_t stride, const double *restrict z, double *restrict r,
                       double *restrict v)
{
    for (int64_t i = 0; i < nodes; i++) {
        const double kick = noisy ? amplitude * z[i] : 0.0;
        double dr, dv, r1, v1;
        predict(HOISTED, noisy, c, dt, I + here[i * stride], kick, r[i], v[i], &dr, &dv, &r1, &v1);
        correct(HOISTED, noisy, c, dt, I + next[i * stride], kick, r[i], v[i], dr, dv, &r1, &v1);
        r[i] = r1;
        v[i] = v1;
    }
}

INLINE void nodes_loop(int dense, int noisy, const Nodes *net, Parameters p, int64_t clock,
                       int64_t n, double dt, double I, double sigma, uint64_t seed,
                       uint32_t source)
{
    const int64_t nodes = net->nodes, length = net->length, block = net->block;
    const double amplitude = sigma * sqrt(dt);
    const double *here = net->arrivals, *next = net->arrivals + nodes;
    int64_t now = clock % length;
    double c[CONSTANTS];
    constants(HOISTED, p, dt, c);
    if (!block)
        gather(dense, net, now, net->arrivals);
    for (int64_t k = 0; k < n; k++) {
        if (block) {
            if (k % block == 0)
                gather_block(dense, net, now, (n - k < block ? n - k : block) + 1);
            here = net->arrivals + k % block;
            next = here + 1;
        } else {
            double *room = net->arrivals + (k % 2 ? 0 : nodes);
            gather(dense, net, now + 1, room);
            here = net->arrivals + (k % 2 ? nodes : 0);
            next = room;
        }
        if (noisy && (k == 0 || (clock + k) % 2 == 0))
            normals_lanes(seed, nodes, source, clock + k, net->normals, net->normals + nodes);
        step_nodes(noisy, c, nodes, dt, I, amplitude, here, next, block ? block + 1 : 1,
                   net->normals + (clock + k) % 2 * nodes, net->r, net->v);
        now = now + 1 < length ? now + 1 : 0;
        for (int64_t i = 0; i < nodes; i++) {
            net->history[2 * i * length + now] = net->r[i];
            net->history[(2 * i + 1) * length + now] = net->r[i];
        }
    }
}

/* n steps of Heun's method from step `clock` on, every delay at least one step (blocks: at least
 * as long as they are), with white noise on v unless sigma is 0. */
EXPORT void qif_nodes(int dense, const Nodes *net, Parameters p, int64_t clock, int64_t n,
                      double dt, double I, double sigma, uint64_t seed, uint32_t source)
{
    switch (2 * (dense != 0) + (sigma != 0.0)) {
    case 0: nodes_loop(0, 0, net, p, clock, n, dt, I, sigma, seed, source); break;
    case 1: nodes_loop(0, 1, net, p, clock, n, dt, I, sigma, seed, source); break;
    case 2: nodes_loop(1, 0, net, p, clock, n, dt, I, sigma, seed, source); break;
    case 3: nodes_loop(1, 1, net, p, clock, n, dt, I, sigma, seed, source); break;
    }
}
