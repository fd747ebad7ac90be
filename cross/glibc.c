/* The one function whose newer version (glibc 2.35: the same figures, errno set elsewhere) would be linked, asked for as every glibc for the architecture has it,
 * so that a box with glibc 2.34 is enough. The linker's --wrap sends all calls here. */
#if defined(__aarch64__)
#define FIRST "GLIBC_2.17"
#elif defined(__x86_64__)
#define FIRST "GLIBC_2.2.5"
#endif

__asm__(".symver first_hypot,hypot@" FIRST);
__asm__(".symver first_hypotf,hypotf@" FIRST);
double first_hypot(double x, double y);
float first_hypotf(float x, float y);

double __wrap_hypot(double x, double y) { return first_hypot(x, y); }
float __wrap_hypotf(float x, float y) { return first_hypotf(x, y); }
