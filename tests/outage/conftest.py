"""Fixtures: a template cluster for the run, and for each test a copy of it and a server."""
import shutil
import tempfile
from pathlib import Path

import pytest

import judge
from cluster import make_template
from load import Load
from service import Service


@pytest.fixture(scope="session")
def workplace(request):
    """The folder of this run. Short, for the sockets' paths; open, for the user postgres."""
    place = Path(tempfile.mkdtemp(prefix="masking-outage."))
    place.chmod(0o755)
    yield place
    if request.session.testsfailed:
        print(f"\nlogs are kept in {place}")
    else:
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def template(workplace):
    return make_template(workplace / "template")


@pytest.fixture
def place(workplace, request):
    """The folder of this test."""
    folder = workplace / str(len(list(workplace.iterdir())))
    folder.mkdir()
    folder.chmod(0o755)
    yield folder
    report = getattr(request.node, "report", None)
    if report is None or report.passed:
        shutil.rmtree(folder)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report = outcome.get_result()


@pytest.fixture
def clusters(template, place):
    """clusters(name, **options): a running copy of the template; stopped after the test."""
    made = []

    def make(name="cluster", settings=(), source=template, start=True, where=place, **options):
        cluster = source.copy(where / name, settings=settings, **options)
        made.append(cluster)
        if start:
            cluster.start()
        return cluster

    yield make
    for cluster in made:
        cluster.stop("immediate")


@pytest.fixture
def cluster(clusters):
    return clusters()


@pytest.fixture
def services(place):
    """services(url, **settings): a running server; must end well after the test."""
    made = []

    def make(url, start=True, command=(), **settings):
        service = Service(place / f"server-{len(made)}.log", url, command, **settings)
        made.append(service)
        return service.start() if start else service

    yield make
    for service in made:
        service.stop()


@pytest.fixture
def service(services, cluster):
    return services(cluster.url("masking_server"))


@pytest.fixture
def load(service):
    with Load([service.address]) as running:
        yield running


@pytest.fixture
def verdict(load, service, cluster):
    """Called at a test's end: stops the load and holds it against the promises."""
    def check(outages=1):
        load.stop()
        judge.check_answers(load)
        judge.check_record(load, cluster)
        service.check_log(outages)
    return check
