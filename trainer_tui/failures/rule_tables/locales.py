"""The words of shells and of the C library in other languages; each rule has its English twin elsewhere."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import DISK, FILE, LESS_MEMORY, NATIVE, STOPPED
from trainer_tui.failures.rules import Rule


def _any(*words: str) -> str:
    return "(" + "|".join(words) + ")"


# Characters beyond ASCII are bytes to the automaton: alternatives only, no classes.
_LINE = r"(:|：) ?((行|Zeile|ligne|línea|строка|linha|riga|linia|줄) ?\d+|第 ?\d+ ?行) ?(:|：) *"
_CRASHED = _any(
    "段错误", "段錯誤", "區段錯誤", "程式記憶體區段錯誤", "总线错误", "浮点数例外", "非法指令",
    "セグメンテーション違反です", "バスエラー", "浮動小数点例外",
    "Speicherzugriffsfehler", "Gleitkomma-Ausnahme", "Ungültiger Maschinenbefehl", "Bus-Zugriffsfehler",
    "Erreur de segmentation", "Erreur du bus", "Exception en point flottant", "Instruction non permise",
    "Violación de segmento", "Error del bus", "Excepción de coma flotante", "Instrucción ilegal",
    "Ошибка сегментирования", "Ошибка шины", "Недопустимая инструкция", "Аварийный останов",
    "Falha de segmentação", "Errore di segmentazione", "Naruszenie ochrony pamięci", "세그멘테이션 오류", "세그멘테이션 폴트",
)  # fmt: skip
_DUMPED = _any(
    "核心已转储", "核心已傾印", "吐核", "コアダンプ", "コアダンプしました", "Speicherabzug geschrieben",
    "Speicherabbild geschrieben", "стек памяти сброшен на диск", "образ памяти сброшен на диск",
    "сделан дамп памяти", "[`']?core'? generado", "core dump creato", "imagem do núcleo gravada",
    "zrzut pamięci", "코어 덤프됨",
)  # fmt: skip
_KILLED = _any(
    "已杀死", "已砍掉", "強制終了", "Getötet", "Tué", "Processus arrêté", r"Terminado \(killed\)", "Убито",
    "Morto", "Ucciso", "Unicestwiony", "죽었음",
)  # fmt: skip
_DENIED = _any(
    "权限不够", "權限不夠", "拒絕不符權限的操作", "許可がありません", "Keine Berechtigung", "Permission non accordée",
    "Permission refusée", "Permiso denegado", "Отказано в доступе", "Permissão negada", "Permesso negato",
    "Brak dostępu", "허가 거부", "허가 거부됨",
)  # fmt: skip
_NOT_FOUND = _any(
    "没有那个文件或目录", "沒有此一檔案或目錄", "そのようなファイルやディレクトリはありません",
    "Datei oder Verzeichnis nicht gefunden", "Aucun fichier ou dossier de ce (type|nom)",
    "No existe el (archivo|fichero) o el directorio", "Нет такого файла или каталога",
    "Arquivo ou diretório inexistente", "File o directory non esistente",
    "Nie ma takiego pliku ani katalogu", "그런 파일이나 디렉터리가 없습니다",
    "未找到命令", "コマンドが見つかりません", "(Kommando|Befehl) nicht gefunden", "commande (introuvable|inconnue)",
    "orden no encontrada", "no se encontró la orden", "команда не найдена", "comando não encontrado",
    "comando non trovato", "nie znaleziono polecenia", "명령어를 찾을 수 없음", "找不到指令",
)  # fmt: skip
_NO_MEMORY = _any(
    "无法分配内存", "無法配置記憶體", "メモリを割り当てできません", "メモリを確保できません",
    "Nicht genügend Hauptspeicher verfügbar", "Impossible d'allouer de la mémoire",
    "Ne peut allouer de la mémoire", "No se pudo asignar memoria", "No se puede asignar memoria",
    "Невозможно выделить память", "Não foi possível alocar memória", "Impossibile allocare memoria",
    "메모리를 할당할 수 없습니다",
)  # fmt: skip
_NO_SPACE = _any(
    "设备上没有空间", "設備上沒有空間", "裝置上已無多餘空間", "デバイスに空き領域がありません",
    "Auf dem Gerät ist kein Speicherplatz mehr verfügbar", "Aucun espace disponible sur le périphérique",
    "No queda espacio en el dispositivo", "На устройстве не осталось свободного места",
    "Não há espaço disponível no dispositivo", "Spazio esaurito sul device",
    "Brak miejsca na urządzeniu", "장치에 남은 공간이 없음", "장치에 남은 공간이 없습니다",
)  # fmt: skip

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("crash-localized", "error", "native-crash",
         rf"\({_DUMPED}\)|{_LINE}\d+ {_CRASHED}|^{_CRASHED}$",
         "The process crashed.", NATIVE),
    Rule("shell-killed-localized", "error", "killed",
         rf"{_LINE}\d+ {_KILLED}",
         "The shell saw a process killed by SIGKILL.", LESS_MEMORY + STOPPED),
    Rule("bare-killed-localized", "warning", "killed",
         rf"^{_KILLED}$",
         "Something was killed by SIGKILL.", LESS_MEMORY + STOPPED, last_words=True),
    Rule("memory-localized", "error", "cpu-oom",
         rf"(:|：) ?{_NO_MEMORY}",
         "The process could not allocate memory.", LESS_MEMORY),
    Rule("disk-localized", "error", "disk-full",
         rf"(:|：) ?{_NO_SPACE}",
         "No room left on the disk.", DISK),
    Rule("permission-localized", "error", "permission",
         rf"(:|：) ?{_DENIED}$",
         "Writing or executing was not allowed.",
         ("Check the owner and the mode of the path in the message.",), unless=r"(?i)warning|publickey|/(prolog|epilog)|^/etc/|^(ls|find|du|cat|grep|which) ?:"),
    Rule("not-found-localized", "warning", "launch-failed",
         rf"{_LINE}.+{_NOT_FOUND}$|^-?(bash|sh|zsh|ksh) ?(:|：) ?.+{_NOT_FOUND}$",
         "A command or a file of the script was not found; the script may go on.", FILE),
)
# fmt: on
