"""Площадка демонстрации: клиника, портал и настройки в одной папке; второй запуск застаёт их прежними."""

import json
import pickle
import random
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.loader import parse_settings
from config.models import Settings
from config.rights import restrict
from config.secrets import KEY_FILE_NAME, new_key, write_key
from demo.clinic.builder import build_clinic
from demo.clinic.clinic import Clinic, LeadState
from demo.clinic.people import Human
from demo.portal.entities import Edit
from demo.portal.options import PortalOptions
from demo.portal.schema import CONTACT, DEAL, LEAD
from demo.portal.server import PortalServer
from services.domain.names import PersonName
from services.domain.phones import normalize_phone
from services.domain.stages import Stage
from services.ident.sqlite import clinic_now

MARK = "demo.json"
SEED = 20261124
VISITS = 40
CURATOR, WEBHOOK_OWNER = 5, 1
#: Коды стадий эмулятора: «C1:CONSULTATION_SCHEDULED» в портал не помещается (постановление 11).
STAGES = {
    Stage.CONSULTATION_SCHEDULED: "C1:CONSULT_SCHED",
    Stage.CONSULTATION_DONE: "C1:CONSULT_DONE",
    Stage.PLAN_PRESENTATION: "C1:PLAN_PRESENT",
    Stage.WAITING_LIST: "C1:WAITING_LIST",
    Stage.PREPAYMENT_RECEIVED: "C1:PREPAYMENT",
}
STATUS_OF_LEAD = {LeadState.OPEN: "NEW", LeadState.CONVERTED: "CONVERTED", LeadState.JUNK: "JUNK"}


@dataclass(frozen=True, slots=True)
class Memory:
    """Что площадка помнит между запусками: когда построена и какие сделки стояли на ручных стадиях."""

    built_at: datetime
    seed: int
    manual: Mapping[str, str]

    def save(self, path: Path) -> None:
        """Записывает память в файл."""
        content = {"built_at": self.built_at.isoformat(), "seed": self.seed, "manual": dict(self.manual)}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Memory":
        """Читает память из файла."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(datetime.fromisoformat(content["built_at"]), content["seed"], content["manual"])


class Site:
    """Папка демонстрации."""

    def __init__(self, folder: Path, seed: int = SEED, visits: int = VISITS) -> None:
        self.folder, self._seed, self._visits = folder.absolute(), seed, visits
        self._mark, self._description = self.folder / MARK, self.folder / "clinic.pickle"

    def prepare(self, fresh: bool) -> bool:
        """Строит клинику, если её нет; True — построена заново."""
        if fresh and self._mark.exists():
            shutil.rmtree(self.folder)
        if self._mark.exists():
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        built_at = clinic_now()
        clinic = build_clinic(self.folder / "ident", self._seed, built_at, self._visits)
        self._description.write_bytes(pickle.dumps(clinic))
        manual = {deal.uid: STAGES[deal.stage] for deal in clinic.manual_deals}
        Memory(built_at, self._seed, manual).save(self._mark)
        return True

    @property
    def memory(self) -> Memory:
        """Возвращает память площадки."""
        return Memory.load(self._mark)

    @property
    def logs(self) -> Path:
        """Возвращает папку с выводом процессов."""
        return self.folder / "logs"

    @property
    def clinic(self) -> Clinic:
        """Возвращает описание клиники, записанное при постройке."""
        clinic: Clinic = pickle.loads(self._description.read_bytes())
        return clinic

    def portal(self, options: PortalOptions, port: int = 0) -> PortalServer:
        """Возвращает сервер портала; на новом лежат лиды и сделки кураторов."""
        server = PortalServer(options, port=port)
        if not server.state.entities[LEAD] and not server.state.entities[DEAL]:
            _furnish(server, self.clinic)
        return server

    def write_settings(
        self, webhook: str, redis_url: str, interval: float, extra: Mapping[str, object] | None = None
    ) -> Path:
        """Пишет файл настроек: обычный TOML, как на рабочем компьютере; ``extra`` — добавочные разделы."""
        path = self.folder / "settings.toml"
        sections = {
            "portal": {
                "webhook": webhook,
                "category_id": 1,
                "stages": {str(k): v for k, v in STAGES.items()},
            },
            "redis": {"url": redis_url},
            **self.clinic.settings(),
            "security": {"key_file": str(self._key())},
            "node": {"state_dir": str(self.folder)},
            "sync": {"interval": interval, "first_run_pause": 0.5},
            "journal": {"folder": str(self.logs)},
            **(extra or {}),
        }
        path.touch(0o600)
        path.write_text(to_toml(sections), encoding="utf-8")
        for place in (path, self.folder):
            restrict(place)
        return path

    def _key(self) -> Path:
        """Возвращает файл ключа площадки: без своего ключа печать снимков менялась бы с адресом портала."""
        path = self.folder / KEY_FILE_NAME
        with suppress(FileExistsError):
            write_key(path, new_key())
        return path

    def settings(self, path: Path) -> Settings:
        """Читает настройки площадки."""
        import tomllib

        with path.open("rb") as file:
            return parse_settings(tomllib.load(file), path.parent)

    def live(self, steps: int, rng: random.Random) -> list[str]:
        """Проживает несколько событий клиники; возвращает, что случилось, без имён."""
        from demo.clinic.life import live

        clinic = self.clinic
        return [str(event) for _ in range(steps) for event in live(clinic, rng, clinic_now())]


def _furnish(server: PortalServer, clinic: Clinic) -> None:
    """Кладёт на портал то, что было до интеграции: лиды и сделки на ручных стадиях."""
    for lead in clinic.leads:
        fields = {**_person(lead.human), "TITLE": "Заявка с сайта", "SOURCE_ID": lead.source}
        _add(server, LEAD, {**fields, "STATUS_ID": STATUS_OF_LEAD[lead.state]})
    for deal in clinic.manual_deals:
        contact = _person(deal.human)
        fields = {
            "TITLE": f"{contact['LAST_NAME']} {contact['NAME']}",
            "CATEGORY_ID": 1,
            "STAGE_ID": STAGES[deal.stage],
            "UF_CRM_RECEPTION_ID": deal.uid,
            "CONTACT_IDS": [_add(server, CONTACT, contact)],
        }
        # Создал их узел, на ручную стадию перевёл куратор.
        _add(server, DEAL, fields, WEBHOOK_OWNER)


def _person(human: Human) -> dict[str, object]:
    person = PersonName.of(human.surname, human.name, human.patronymic)
    phone = normalize_phone(human.phone).value
    return {
        "LAST_NAME": person.surname,
        "NAME": person.name,
        "SECOND_NAME": person.patronymic,
        "PHONE": [{"VALUE": phone, "VALUE_TYPE": "MOBILE"}],
    }


def _add(server: PortalServer, kind: int, fields: dict[str, object], author: int = CURATOR) -> int:
    with server.state.changing():
        return int(server.portal.crm.add(kind, Edit(fields, author))["ID"])


def to_toml(sections: Mapping[str, object]) -> str:
    """Возвращает TOML из разделов: словарь — раздел, список словарей — повторяющийся раздел."""
    return "\n".join(part for name, value in sections.items() for part in _toml(name, value))


def _toml(name: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [part for item in value for part in (f"[[{name}]]", *_pairs(item), "")]
    assert isinstance(value, Mapping)
    inner = {key: item for key, item in value.items() if isinstance(item, Mapping)}
    plain = {key: item for key, item in value.items() if key not in inner}
    nested = [part for key, item in inner.items() for part in _toml(f"{name}.{key}", item)]
    return [f"[{name}]", *_pairs(plain), "", *nested]


def _pairs(values: Mapping[str, object]) -> list[str]:
    # Строки и числа JSON — допустимые значения TOML.
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
