"""Job files for clusters, read by the programs they are for, and their commands by the command line."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from beholder.cli.app import app
from beholder.scale.shard import default_shard
from helpers.commands import apart
from helpers.extras import needs_ray
from helpers.factories import MAIN, REPOSITORY
from helpers.shards import save_shards
from helpers.shell_examples import find_command, options_in, options_of

JOBS = REPOSITORY / "examples" / "scale"
SLURM, KUBERNETES, RAY = JOBS / "slurm.sh", JOBS / "kubernetes.yaml", JOBS / "ray-cluster.yaml"


def check_command(words: list[str]) -> None:
    """That the command line takes this command of beholder, with all options and values."""
    assert words[0] == "beholder"
    command, name, rest = find_command(typer.main.get_command(app), words[1:])
    command.make_context(name, list(rest))
    assert options_in(rest) <= options_of(command)


def test_slurm_reads_the_script(tmp_path: Path) -> None:
    """Without a controller it goes as far as asking for one; a wrong option ends it before."""
    if shutil.which("sbatch") is None:
        pytest.skip("needs sbatch: apt-get install slurm-client")
    (tmp_path / "slurm.conf").write_text(
        "ClusterName=test\nSlurmctldHost=localhost(127.0.0.1)\nSlurmctldPort=1\nAuthType=auth/none\nMessageTimeout=1\n"
        "NodeName=localhost CPUs=8\nPartitionName=test Nodes=ALL Default=YES\n"
    )
    wrong = tmp_path / "wrong.sh"
    wrong.write_text(SLURM.read_text().replace("#SBATCH --mem=", "#SBATCH --memm="))
    said = [
        subprocess.run(
            ["sbatch", "--test-only", script, "a", "b"],
            env={**os.environ, "SLURM_CONF": str(tmp_path / "slurm.conf")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        ).stderr
        for script in (SLURM, wrong)
    ]
    assert "Unable to contact slurm controller" in said[0] and "memm" not in said[0]
    assert "unrecognized option '--memm" in said[1]


def test_the_script_of_slurm_scores_all_units_as_tasks_of_an_array(colour_model: Path, tmp_path: Path) -> None:
    save_shards(tmp_path / "shards", [2, 2, 2])
    program = tmp_path / "bin" / "beholder"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(MAIN)} "$@"\n')
    program.chmod(0o755)
    for task in range(2):
        task_of = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_CPUS_PER_TASK": "1"}
        environment = {**os.environ, **task_of, "PATH": f"{program.parent}:{os.environ['PATH']}"}
        arguments = ["shards/{00000..00002}.tar", "scores/{unit}.csv", "--carry", "caption", "-m", str(colour_model)]
        subprocess.run(["bash", SLURM, *arguments], env=environment, cwd=tmp_path, check=True, timeout=120)
        assert len(list((tmp_path / "scores").glob("*.csv"))) == 2 + task  # units 0 and 2, then 1
    merged = apart("merge", "scores", cwd=tmp_path)
    assert merged.code == 0 and "3 units" in merged.out


def test_each_pod_of_kubernetes_is_a_shard() -> None:
    job: dict[str, Any] = yaml.safe_load(KUBERNETES.read_text())
    spec = job["spec"]
    (pod,) = spec["template"]["spec"]["containers"]
    assert spec["completionMode"] == "Indexed"
    environment = {each["name"]: each["value"] for each in pod["env"]} | {"JOB_COMPLETION_INDEX": "3"}
    shard = default_shard(environment)
    assert shard is not None and (shard.index, shard.count) == (3, spec["completions"])
    check_command(pod["command"])


def test_kubernetes_has_a_schema_for_the_job() -> None:
    reason = "needs kubernetes-validate, 72 MB: pip install kubernetes-validate"
    validate = pytest.importorskip("kubernetes_validate", reason=reason)
    job = yaml.safe_load(KUBERNETES.read_text())
    for version in ("1.31", "1.37"):  # backoffLimitPerIndex is on by default from 1.29
        validate.validate(job, version, strict=True)
        with pytest.raises(validate.ValidationError):
            validate.validate({**job, "spec": {**job["spec"], "completion": 64}}, version, strict=True)


@needs_ray
def test_ray_takes_the_cluster_file() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    cluster = yaml.safe_load(RAY.read_text())
    validate_config(prepare_config(cluster))
    with pytest.raises(Exception, match="max_worker"):
        validate_config(prepare_config({**cluster, "max_worker": 1}))
    workers = cluster["available_node_types"]["worker"]
    assert workers["min_workers"] == workers["max_workers"] == cluster["max_workers"]


@pytest.mark.parametrize("file", [SLURM, KUBERNETES, RAY], ids=lambda file: file.name)
def test_commands_in_comments_are_read(file: Path) -> None:
    comments = [line[1:].strip() for line in file.read_text().splitlines() if line.startswith("# ")]
    commands = [line for line in "\n".join(comments).replace("\\\n", "").splitlines() if "beholder score" in line]
    commands += [line[line.index("beholder merge") :] for line in comments if "beholder merge" in line]
    for line in commands:
        words = shlex.split(line)
        if words[:2] == ["ray", "exec"]:
            assert (REPOSITORY / words[2]).is_file()
            words = shlex.split(words[3])[1:]  # the first sets RAY_ADDRESS
        check_command(words)
    assert commands
