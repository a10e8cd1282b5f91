# The powers of test_power.c for every float, not for some.
exec "$L2L_BUILD/tests/stages_test_power" 1
