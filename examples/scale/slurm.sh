#!/bin/bash
# sbatch examples/scale/slurm.sh '/data/{00000..00999}.tar' '/data/scores/{unit}.parquet' --carry caption,url
#
# Each task of the array is a shard: beholder reads SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT. Give the same command
# again for what was not done in time. Once all tasks have ended: beholder merge /data/scores/
#SBATCH --job-name=beholder
#SBATCH --array=0-63
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=beholder-%A-%a.log
#SBATCH --open-mode=append

set -euo pipefail
exec beholder score "$1" --out "$2" --threads "$SLURM_CPUS_PER_TASK" --max-errors 5% --quiet "${@:3}"
