"""The ports that use-cases are given, as records; made by wiring."""

from attrs import frozen

from kuavi.domain.sketch import IN_NUMPY, Engine
from kuavi.domain.space import Motion, Space
from kuavi.ports.aggregators import Aggregator
from kuavi.ports.captioners import Captioner
from kuavi.ports.clock import Clock
from kuavi.ports.encoders import ClipEncoder, FeatureEncoder, JointEncoder, TextEncoder
from kuavi.ports.files import Files
from kuavi.ports.library import Library
from kuavi.ports.pictures import Pictures
from kuavi.ports.predictors import Predictor
from kuavi.ports.probes import ProbeKit
from kuavi.ports.progress import Progress
from kuavi.ports.reader import FrameReader
from kuavi.ports.scratch import Scratch
from kuavi.ports.shots import ShotDetector
from kuavi.ports.words import Tagger, TextReader, Transcriber


@frozen
class ScanPorts:
    """What looks at pictures while a video is decoded.

    `maps` None: the clip encoder gives no feature maps, or the plan asks for none.
    """

    shots: ShotDetector
    joint: JointEncoder
    clips: ClipEncoder
    tagger: Tagger
    maps: FeatureEncoder | None = None


@frozen
class WordPorts:
    """What finds words: needed from tier index on."""

    transcriber: Transcriber
    ocr: TextReader
    text: TextEncoder


@frozen
class IndexPorts:
    """`words` None: a plan that stops at tier scan."""

    library: Library
    files: Files
    reader: FrameReader
    pictures: Pictures
    scan: ScanPorts
    words: WordPorts | None
    clock: Clock
    progress: Progress
    scratch: Scratch


@frozen
class TellPorts:
    """What puts videos into words.  `captioner` or `aggregator` None: the preset has none."""

    library: Library
    files: Files
    reader: FrameReader
    captioner: Captioner | None
    aggregator: Aggregator | None
    text: TextEncoder
    joint: JointEncoder
    clock: Clock
    progress: Progress


@frozen
class AuditPorts:
    """What judges how a video is described; `TellPorts` has all of it too."""

    library: Library
    text: TextEncoder
    joint: JointEncoder


@frozen
class SearchPorts:
    """`engine` counts the bits of sketches; all give the same."""

    library: Library
    files: Files
    pictures: Pictures
    joint: JointEncoder
    clips: ClipEncoder
    text: TextEncoder
    engine: Engine = IN_NUMPY


@frozen
class LookPorts:
    library: Library
    files: Files
    reader: FrameReader
    pictures: Pictures


@frozen
class ProbePorts:
    """What probes need: `space` is that of the library's motion rows."""

    library: Library
    files: Files
    kit: ProbeKit
    space: Space[Motion]


@frozen
class ForesightPorts:
    """`predictor` None: the preset has none, and named baselines answer."""

    library: Library
    files: Files
    reader: FrameReader
    pictures: Pictures
    clips: ClipEncoder
    joint: JointEncoder
    predictor: Predictor | None
