"""A page on this machine that scores a photograph and says why.

pip install gradio && pip install beholder && python examples/gradio_app.py
In this order: Gradio 6 asks for a Pillow below 13, beholder for 13 or later, which pip says, and with which both run.
Gradio serves it at http://127.0.0.1:7860 and as an API: gradio_client's Client(...).predict(handle_file("a.jpg"),
api_name="/score").
"""

import gradio as gr

import beholder

SCORER = beholder.load()


def score(photo: str | None) -> tuple[dict[str, float], str, object]:
    """The path of a photograph -> its scores, what is worth saying, and the sheet that explains it."""
    if photo is None:
        raise gr.Error("Choose a photograph first.")
    try:
        explanation = SCORER.explain(photo, grid=4)
    except beholder.PhotoError as error:
        raise gr.Error(str(error)) from None
    scores = explanation.scores
    named = {"overall": scores.overall, **scores.attributes}
    numbers = {name: round(float(value[0]), 2) for name, value in named.items()}
    return numbers, " ".join(explanation.words()), explanation.draw()


page = gr.Interface(
    score,
    # The file as it is: decoded by Gradio it would lose its orientation, profile and depth.
    gr.File(label="Photograph", type="filepath"),
    [gr.JSON(label="Scores"), gr.Textbox(label="In words"), gr.Image(label="Why", type="pil")],
    title="beholder",
    flagging_mode="never",
    api_name="score",
)

if __name__ == "__main__":
    page.launch(server_name="127.0.0.1")
