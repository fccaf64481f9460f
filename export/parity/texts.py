"""Texts that exports are checked with where none is given: written for this, free for any use."""

from __future__ import annotations

TRICKY = (
    "There is a chair at about two metres, slightly to your left.",
    "Vor Ihnen führt eine Stufe nach unten; größere Äste hängen über dem Weg.",
    "¿Dónde está la puerta? ¡Cuidado, hay un peldaño a la izquierda!",
    "सामने एक कुर्सी है, लगभग दो मीटर दूर।",
    "前面有一把椅子，距离大约两米。请小心！",
    "🦯 keep left 👩🏽‍🦯 → 🚪 café naïve ﬁn №5 x² ½",
    "  two  spaces,   three,    four\ttab\t\ttabs\nline\n\nlines\r\nend   ",
    "12345 67,890.12 3.14e-5 0x1F it's they'll I'D can't snake_case camelCase a-b/c\\d",
    "def f(x):\n    return [x ** 2 for _ in range(10)]  # note\n\n\n        done",
    " leading",
    "\n",
    " ",
    "USER: What is ahead? [QA] ASSISTANT: A door.",
)
"""Scripts, emoji, digits and runs of whitespace. The special tokens of each tokenizer are added by the check."""

QUESTIONS = ("What is in front of me?", "Is the path clear, and how far?", "Wo ist die Tür?")

PROSE = """\
The corridor runs straight for twenty metres and then turns to the right. Along the left wall stand three chairs \
and a low table with newspapers on it; the right wall has four doors, of which the second is usually open. At \
the end hangs a sign at the height of a tall person's head. Whoever walks here with a cane hears the floor \
change from carpet to stone shortly before the turn, and then feels the draught of the staircase. The first step \
down comes after another five metres. There is a handrail on both sides, and the edge of each step is marked \
with a rough strip.

On market days the square is full of stalls. Boxes stand between them, bicycles lean against the lamp posts, and \
awnings hang low. It is best to keep to the row of trees on the north side, where the paving is even and the \
kerb easy to find. The bus stop is at the corner beyond the chemist's. A bus comes every ten minutes; its doors \
open close to the shelter, and the driver calls out the line and the stop.

Der Weg zum Bahnhof ist kurz. Man geht aus dem Haus, wendet sich nach links und folgt der Mauer bis zur Ecke. \
Dort steht eine Bank, daneben ein Briefkasten. Die Straße ist ruhig, aber Radfahrer kommen oft ohne zu klingeln. \
Hinter der Brücke beginnt der Park; seine Wege sind aus Kies, und unter den alten Bäumen hängen manche Äste \
tief.

El mercado abre a las ocho. En la entrada hay dos escalones y una rampa a la derecha. Dentro, los puestos de \
fruta están a la izquierda y los de pescado al fondo, donde el suelo suele estar mojado. Al salir, conviene \
esperar a que pase el tranvía, que apenas hace ruido, y preguntar si la acera está libre.

रास्ता सीधा है और लगभग पचास कदम के बाद बाईं ओर मुड़ता है। दाईं ओर एक दुकान है, जिसके सामने अक्सर साइकिलें खड़ी \
रहती हैं।

从车站出来，向右走大约一百步，就能听到喷泉的声音。喷泉后面有一条安静的小路，路边有长椅。走到尽头，左\
边是图书馆的大门，门前有三级台阶。
"""
