"""Установка: программа, папки с правами, Redis, настройки, службы, портал, показ до записи (ТЗ 4.4.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.first_run import is_pending, new_code
from config.models import Settings
from installer.answers import Answers
from installer.examination import USUAL, Finding, Patience, examine, failures, waiting_for
from installer.package import Package, place_program, stands
from installer.ports import CommandFailed, Host, InstallError, Service, ServiceState
from installer.record import Record, load_record
from installer.redis_conf import write_redis_conf
from installer.roles import FLOWER, NODE, ORDER, REDIS, services_of, stopping
from installer.settings import begin_settings, page_of, read_settings, write_settings
from installer.talk import Terminal

#: Проверки, которым до первого запуска узла сбыться не суждено.
BEFORE_START = frozenset({"service"})
PREVIEW = ("sync", "--dry-run", "--diff", "--limit", "5")


@dataclass(frozen=True, slots=True)
class Installation:
    """Установка на один компьютер; повтор доделывает прерванное и настроек не трогает."""

    host: Host
    package: Package
    talk: Terminal
    answers: Callable[[], Answers]
    patience: Patience = USUAL

    def run(self) -> int:
        """Ставит и возвращает код: 0 — служба работает, 1 — стоит, но осмотр не прошёл."""
        host, talk = self.host, self.talk
        host.require_rights()
        host.trust(self.package.folder)
        self.package.verify()
        self._refuse_other_version()
        talk.say(f"Устанавливаю версию {self.package.version} в {host.layout.programs}")
        answers = self.answers() if not host.layout.settings.exists() else None
        server = self._redis_server(answers)
        host.prepare_accounts()
        self._place()
        host.write_command()
        services = self._services(answers, server)
        for service in services:
            service.folder.mkdir(parents=True, exist_ok=True)
            host.services.install(service)
        host.protect(services)
        if answers is not None:
            host.take()
        settings = self._settings(answers)
        host.protect(services)
        record = Record(
            self.package.version, [s.key for s in services], server or "", self._port(answers, settings)
        )
        record.save(host.layout.record)
        return self._begin(answers, [service.key for service in services])

    def _place(self) -> None:
        """Ставит программу и делает её работающей; недоставленную прежде сперва перестают выполнять."""
        host, layout = self.host, self.host.layout
        if layout.current.exists() and not stands(self.package, layout):
            for key in stopping(ORDER):
                host.services.stop(key)
        host.point(place_program(self.package, layout, self.patience.pause))

    def _refuse_other_version(self) -> None:
        record = load_record(self.host.layout.record)
        if record is not None and record.version != self.package.version:
            raise InstallError(
                f"Здесь уже стоит версия {record.version}. Чтобы перейти на {self.package.version}, "
                "выполните service update: настройки и состояние останутся."
            )

    def _redis_server(self, answers: Answers | None) -> str | None:
        """Возвращает redis-server своего Redis; общий Redis стоит на другом компьютере."""
        if answers is None:
            record = load_record(self.host.layout.record)
            known = record.redis_server if record else ""
            return known or self._own_redis_of_interrupted()
        return str(self.host.redis_server()) if answers.install.redis == "own" else None

    def _own_redis_of_interrupted(self) -> str | None:
        if not (self.host.layout.redis / "redis.conf").exists():
            return None
        return str(self.host.redis_server())

    def _services(self, answers: Answers | None, server: str | None) -> list[Service]:
        keys = [NODE, *([REDIS] if server else [])]
        if answers is None or answers.install.flower:
            keys.append(FLOWER)
        return services_of(self.host.layout, keys, server or "")

    def _settings(self, answers: Answers | None) -> Settings | None:
        """Пишет или читает настройки; закончит их страница — None."""
        layout = self.host.layout
        if answers is None:
            return None if is_pending(layout.settings) else read_settings(layout.settings)
        own = answers.install.redis == "own"
        url = write_redis_conf(layout.redis, answers.install.redis_port) if own else None
        if answers.install.browser:
            begin_settings(layout, answers.settings, url)
            return None
        return write_settings(layout, answers.settings, url)

    def _port(self, answers: Answers | None, settings: Settings | None) -> bool:
        """Открывает порт вкладки сети клиники, только если об этом просили."""
        if answers is None or settings is None or not answers.install.open_port:
            return False
        self.host.open_port(settings.web.port)
        return True

    def _begin(self, answers: Answers | None, keys: Sequence[str]) -> int:
        services = self.host.services
        if REDIS in keys:
            services.start(REDIS)
        if is_pending(self.host.layout.settings):
            return self._to_browser(keys)
        if answers is not None and answers.install.portal_setup:
            self._tell(["portal", "setup", "--yes"])
        found = examine(self.host)
        show(self.talk, found)
        bad = [finding for name, finding in failures(found).items() if name not in BEFORE_START]
        if bad:
            self.talk.say("Службы не запущены: исправьте отмеченное и повторите service install.")
            return 1
        if answers is not None and answers.install.preview and not self._previewed():
            return 0
        if answers is None or answers.install.start:
            for key in (NODE, FLOWER):
                if key in keys:
                    services.start(key)
            self._await_node()
        self._summary(keys)
        return 0

    def _to_browser(self, keys: Sequence[str]) -> int:
        """Запускает службы и называет страницу, на которой установку закончат, и её одноразовый код."""
        code = new_code(self.host.layout.settings)
        for key in (NODE, FLOWER):
            if key in keys:
                self.host.services.start(key)
        self._summary(keys)
        page = page_of(self.host.layout.settings)
        self.talk.say(f"\nОсталось закончить в браузере на этом компьютере: {page}")
        self.talk.say(f"  Одноразовый код страницы: {code}")
        self.host.show(page)
        return 0

    def _await_node(self) -> None:
        self.talk.say("Запускаю обмен …")
        silent = self.patience.until_good(lambda: waiting_for(examine(self.host), "service"))
        if silent:
            self.talk.say(f"  {silent.text}. Подождите минуту и выполните: ident-bitrix doctor")

    def _previewed(self) -> bool:
        """Показывает, что изменится на портале, и спрашивает, начинать ли."""
        self.talk.say("Вот что попадёт на портал первым (пока ничего не записано):")
        self._tell(list(PREVIEW))
        if self.talk.agree("Начать обмен?"):
            return True
        self.talk.say("Обмен не начат. Начать позже: ident-bitrix service start")
        return False

    def _tell(self, arguments: list[str]) -> None:
        layout = self.host.layout
        try:
            told = self.host.run([str(layout.program), *arguments, "--config", str(layout.settings)])
        except CommandFailed as error:
            told = error.output
        self.talk.say(told.strip())

    def _summary(self, keys: Sequence[str]) -> None:
        layout, services = self.host.layout, self.host.services
        running = [key for key in keys if services.state(key) is ServiceState.RUNNING]
        self.talk.say("\nГотово." if running else "\nУстановлено, службы не запущены.")
        self.talk.say(f"  Службы:    {', '.join(services.name(key) for key in running) or 'не запущены'}")
        self.talk.say(f"  Команды:   {layout.command}")
        self.talk.say(f"  Настройки: {layout.settings}")
        self.talk.say(f"  Журналы:   {layout.logs}")
        self.talk.say(f"  Наблюдение: {page_of(layout.settings)} на этом компьютере")


def show(talk: Terminal, findings: Sequence[Finding]) -> None:
    """Показывает осмотр: отказы и советы — целиком, удачи — числом."""
    good = sum(finding.level == "ok" for finding in findings)
    talk.say(f"Осмотр: хорошо {good} из {len(findings)}")
    for finding in findings:
        if finding.level != "ok":
            mark = "ИСПРАВИТЬ" if finding.level == "fail" else "взглянуть"
            talk.say(f"  [{mark}] {finding.text}" + (f"\n      → {finding.advice}" if finding.advice else ""))
