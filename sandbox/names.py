"""Invented names and places; none contains a space, so any way of splitting a full name works.

Data flow: these lists -> people.py.

Letters that accent-stripping does not turn into plain ones (sharp s, dotless i) are left out: the
identity rules compare stripped names.
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words(
    """
Alenka Amélie Andrea Anja Anna-Lena Anouk Antje Astrid Aylin Beate Birgit Björn Bruno Carla
Carsten Célia Christel Clément Cornelia Dagmar Damian Daniela Darko Dieter Dörte Edda Eike Elif
Élodie Emil Enno Esra Esther Fabienne Fatma Felix Femke Finn Flora Franka Frederik Frieda Gerald
Gesa Gesine Götz Gudrun Günter Hanna Hannes Heike Heinz-Peter Henrike Hülya Ibrahim Ida Ilse Imke
Inés Ingo Irena Isabella Ivana Jakob Jana Jannik Jasmin Jean-Luc Jette Joachim Jürgen Jörg Jutta
Karim Karla Karl-Heinz Katja Kerstin Kilian Konrad Lara Lars Lasse Leonie Levent Liesel Linus
Ludger Magda Malte Manfred Mareike Margot Marie-Claire Marlies Matthis Meike Mehmet Merle Milan
Mirjam Moritz Nadja Nele Nils Noémie Norbert Nuria Olga Ortrud Oskar Paula Pedro Petra Philippa
Quirin Raúl Regina Renée Rieke Roland Rosa Rüdiger Ruth Sabine Samira Selma Siegfried Sören
Susanne Svenja Tabea Tatjana Theo Thorben Tomás Tülay Udo Ulrike Urs Valentin Vera Viktor Volker
Wiebke Wilma Xaver Yasmin Yvonne Zeynep Zoe
"""
)

LAST_NAMES = _words(
    """
Abelmann Achterberg Ahrenholz Albers Altvater Ambach Andresen Auerswald Bachmeier Bäumler
Bergström Bielefeld Birkner Blömeke Bodenstein Bohnsack Böttcher Brandau Bretthauer Brückner
Büchner Buchwald Cardoso Chevalier Clausnitzer Corduan Dahlmann Dannecker Degenhart Demirel
Dethlefsen Dörfler Drechsler Düvel Ebersbach Eickhoff Engelbrecht Escher Eschenbach Falkenhayn
Feldkamp Fiedler Fernández Flügel Freudenthal Friedrichsen Fröhlich Gänsicke Garbers Gehrmann
Gerstenberg Gödecke Grünewald Güldner Haberland Hallström Hagedorn Hartleben Heidbrink Hellwig
Hennecke Herzsprung Höffner Holthaus Hübscher Ihlenfeld Isensee Jahnke Jasper Jörgensen Kaltenbach
Käfer Kesselring Kienzle Klaasen Kleinschmidt Knöfel Kolberg Königsmann Krähenbühl Kröger Kuhlmann
Küppers Ladwig Lambrecht Langhoff Leclère Lehnert Lichtenfeld Lindqvist Löffler Lüdtke Mahnke
Marquardt Meyer-Brandt Möhring Molitor Mühlbauer Müller-Lüdenau Nachtigall Naumann Niehoff
Nöthling O'Brien O'Connor O'Neill Obermüller Oelrich Osterkamp Pankow Papenburg Peñaloza Petersen
Pfannkuch Pöschl Quandt Rademacher Ravenstein Reifenrath Remmers Riedel Röseler Rosenhain Rübsam
Sauerbier Schaffrath Schäuffele Schirmer Schlüter Schönborn Schüttler Seehausen Sievers Söderberg
Spangenberg Stöhr Stührmann Tänzer Tewes Tiedemann Törnqvist Uhlenbrock Ullmann Vahrenkamp
Wagenknecht Waldschmidt Wegener Weidenbach Wiechmann Wölfel Wurzbacher Zander Zeppenfeld
Zierenberg Züchner Zumkeller
"""
)

STREETS = _words(
    """
Ahornweg Amselgasse Birkenallee Brunnenstraße Dorfanger Eichenring Fliederweg Gartenstraße
Hafenstraße Kastanienallee Lindenstraße Marktplatz Mühlenweg Nordring Parkstraße Rosenweg
Schulstraße Talblick Uferweg Wiesengrund
"""
)

CITIES = {
    "Musterstadt": "01001",
    "Beispielhausen": "02002",
    "Neudorf": "03003",
    "Altenfeld": "04004",
    "Seebrück": "05005",
    "Waldheim-Nord": "06006",
    "Rosental": "07007",
    "Steinbach": "08008",
}

ORGANISATIONS = ["Nordwerk", "Lindenhof", "Südkontor", "Brückenbau", "Seeblick", "Mühlental"]
ORGANISATION_FORMS = ["Example GmbH", "Example eV", "Example AG", "Example Stiftung"]
ROLE_PARTS = ["info", "office", "kontakt", "vorstand", "branch", "secretary"]

SHORT_FORMS = {
    "Isabella": "Bella",
    "Susanne": "Sanni",
    "Valentin": "Tino",
    "Cornelia": "Nele",
    "Margot": "Gritta",
    "Konrad": "Radek",
    "Frederik": "Fiete",
    "Philippa": "Pippa",
}
