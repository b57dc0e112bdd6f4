"""The training processes: started by Accelerate, told everything by one job file, answerable through files only."""
