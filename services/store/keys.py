"""Имена всех ключей Redis — в одном месте."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """Ключи установки; ``prefix`` разделяет несколько установок на одном Redis.

    ``databases`` — код филиала → база: очередь и память держат запись под базой, а не под филиалом.
    """

    prefix: str
    databases: Mapping[str, str] = field(default_factory=dict)

    def record(self, uid: str) -> str:
        """Возвращает запись, какой её знает база, под каким бы ключом она ни шла: F1_123 → D1_123."""
        branch_id, _, rest = uid.partition("_")
        return f"{self.database(branch_id)}_{rest}"

    def database(self, branch_id: str) -> str:
        """Возвращает базу филиала; незнакомый филиал — сам себе база."""
        return self.databases.get(branch_id, branch_id)

    @property
    def pointers(self) -> str:
        """Возвращает начало имён указателей очереди."""
        return f"{self.prefix}:queue:"

    def entry(self, uid: str) -> str:
        """Возвращает ключ записи очереди отправки."""
        return f"{self.pointers}entry:{self.record(uid)}"

    def entries(self, branch_id: str) -> str:
        """Возвращает начало ключей записей базы этого филиала."""
        return f"{self.pointers}entry:{self.database(branch_id)}_"

    def due(self, branch_id: str) -> str:
        """Возвращает ключ расписания очереди: ключ записи → когда к ней вернуться."""
        return f"{self.pointers}due:{branch_id}"

    def index(self, branch_id: str) -> str:
        """Возвращает ключ оглавления очереди: ключ записи → когда поставлена."""
        return f"{self.pointers}index:{branch_id}"

    def clock(self, branch_id: str) -> str:
        """Возвращает ключ времени последнего обхода очереди."""
        return f"{self.pointers}clock:{branch_id}"

    def failed(self, branch_id: str) -> str:
        """Возвращает ключ списка отказавших: ключ записи → когда отказала."""
        return f"{self.pointers}failed:{branch_id}"

    def epoch(self) -> str:
        """Возвращает ключ отметки памяти: пропала она — пропало всё."""
        return f"{self.prefix}:epoch"

    def tick(self, name: str) -> str:
        """Возвращает ключ талона периодической задачи."""
        return f"{self.prefix}:tick:{name}"

    def nodes(self) -> str:
        """Возвращает ключ признаков жизни узлов."""
        return f"{self.prefix}:nodes"

    def node_states(self) -> str:
        """Возвращает ключ состояний узлов: диск, отвергнутые настройки."""
        return f"{self.prefix}:nodes:states"

    def backfill(self, branch_id: str) -> str:
        """Возвращает ключ хода загрузки прошлого."""
        return f"{self.prefix}:backfill:{branch_id}"

    def cursor(self, branch_id: str) -> str:
        """Возвращает ключ курсора."""
        return f"{self.prefix}:cursor:{branch_id}"

    def links(self, branch_id: str) -> str:
        """Возвращает ключ памяти о доставленном: она одна на базу."""
        return f"{self.prefix}:known:{self.database(branch_id)}"

    def absent(self, branch_id: str) -> str:
        """Возвращает ключ пропавших из базы: номер приёма → когда его впервые не нашли."""
        return f"{self.prefix}:absent:{self.database(branch_id)}"

    def rejections(self, branch_id: str) -> str:
        """Возвращает ключ списка отклонённых."""
        return f"{self.prefix}:rejected:{branch_id}"

    def contact(self, token: str) -> str:
        """Возвращает ключ недавно созданного контакта по оттиску телефона."""
        return f"{self.prefix}:contact:{token}"

    def lock(self, name: str) -> str:
        """Возвращает ключ замка."""
        return f"{self.prefix}:lock:{name}"

    def halt(self, secret_id: str) -> str:
        """Возвращает ключ остановки отправки вебхуком (по оттиску его секрета)."""
        return f"{self.prefix}:gate:halt:{secret_id}"

    def breaker(self, portal_id: str) -> str:
        """Возвращает ключ предохранителя портала (по оттиску его имени)."""
        return f"{self.prefix}:gate:breaker:{portal_id}"

    def paused(self) -> str:
        """Возвращает ключ паузы."""
        return f"{self.prefix}:gate:paused"

    def stats(self, branch_id: str, hour: str) -> str:
        """Возвращает ключ счётчиков часа (или пяти минут, или всего времени)."""
        return f"{self.prefix}:stats:{branch_id}:{hour}"

    def portal(self, part: str) -> str:
        """Возвращает ключ счётчиков портала: минуты, всего времени, времени методов, отказов."""
        return f"{self.prefix}:portal:{part}"

    def alerts(self) -> str:
        """Возвращает ключ памяти об уведомлениях."""
        return f"{self.prefix}:alerts"

    def notes(self, branch_id: str) -> str:
        """Возвращает ключ состояния филиала."""
        return f"{self.prefix}:notes:{branch_id}"


def branch_of(uid: str) -> str:
    """Возвращает код филиала из ключа записи: F1_123 → F1."""
    return uid.partition("_")[0]
