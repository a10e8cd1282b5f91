# The powers of test_power.c for every fifth float.
exec "$L2L_BUILD/tests/stages_test_power" 5
