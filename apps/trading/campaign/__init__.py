"""The fault campaign: hundreds of small worlds in which everything goes wrong, and a witness.

A run is made of its seed alone. A warm parent forks the roles it needs (an engine, workers, beat)
and ends them at named points, at the n-th statement or after some milliseconds; messages are lost,
doubled and late; the venue lies, is silent or gone; clocks disagree. Then the faults stop, time
passes, the sweepers work, and the venue's own ledger must equal our books to the last digit.

* `clock` the world's time, `post` its broker, `children` its processes, `crashes` how they end
* `venue` the practice venue's control address, `world` servers, databases and the venue itself
* `scenario` what a seed means, `desk` the people of a run, `roles` what the processes do
* `run` one seed from start to verdict, `witness` the comparison, `lane` many seeds in a row
* `hard` the same with real roles, real SIGKILL and real restarts of the servers
* `report` all of it as figures, for `manage.py benchmark fault_campaign`
"""
