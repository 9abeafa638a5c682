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

/* One step in place. With `noisy`, `kick` is the step's sigma dW on v, in both stages of Heun. */
INLINE void step(int method, int form, int noisy, const double c[CONSTANTS], double dt, double I,
                 double kick, double *r, double *v)
{
    const double r0 = *r, v0 = *v;
    const double scale = form == TUNED ? 1.0 : dt;
    double dr, dv;
    slope(form, c, r0, v0, I, &dr, &dv);

    double r1 = r0 + scale * dr;
    double v1 = v0 + scale * dv;
    if (noisy)
        v1 += kick;
    if (method == HEUN) {
        double dr1, dv1;
        slope(form, c, r1, v1, I, &dr1, &dv1);
        if (form == TUNED) { /* all but dr1, dv1 is known before the second slope */
            r1 = (r0 + 0.5 * dr) + 0.5 * dr1;
            v1 = noisy ? ((v0 + kick) + 0.5 * dv) + 0.5 * dv1 : (v0 + 0.5 * dv) + 0.5 * dv1;
        } else {
            r1 = r0 + 0.5 * scale * (dr + dr1);
            v1 = v0 + 0.5 * scale * (dv + dv1);
            if (noisy)
                v1 += kick;
        }
    }
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

/* Up to BUFFER normals, those of steps first ... first + n - 1, first even; one more if n is odd.
 * One counter gives a pair, by Box-Muller from uniforms of 53 bits, u in (0, 1] and w in [0, 1).
 * Two passes, so that the first vectorises. */
INLINE void normals_block(uint64_t seed, uint32_t lane, uint32_t source, int64_t first, int64_t n,
                          double *restrict out)
{
    const double unit = 1.0 / 9007199254740992.0; /* 2^-53 */
    const int64_t n_pairs = (n + 1) / 2;
    double u[BUFFER / 2], w[BUFFER / 2];
    for (int64_t i = 0; i < n_pairs; i++) {
        const uint64_t pair = (uint64_t)(first / 2 + i);
        uint32_t x[4] = {(uint32_t)pair, (uint32_t)(pair >> 32), lane, source};
        philox_rounds(x, (uint32_t)seed, (uint32_t)(seed >> 32));
        const uint64_t a = ((uint64_t)x[1] << 32 | x[0]) >> 11;
        const uint64_t b = ((uint64_t)x[3] << 32 | x[2]) >> 11;
        u[i] = (double)(a + 1) * unit;
        w[i] = (double)b * unit;
    }
    for (int64_t i = 0; i < n_pairs; i++) {
        const double radius = sqrt(-2.0 * log(u[i]));
        const double angle = 2.0 * PI * w[i];
        out[2 * i] = radius * cos(angle);
        out[2 * i + 1] = radius * sin(angle);
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
