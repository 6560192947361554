import time, traceback
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    for epoch in run.epochs(8):
        time.sleep(0.25)
        if epoch == 2:
            try:
                {}["shard-7"]
            except KeyError:
                traceback.print_exc()
        run.log(epoch=epoch, train_loss=1 / epoch, val_loss=1.1 / epoch)
        print(f"epoch {epoch}", flush=True)
    run.note("half an hour later")
    run.save_results([{"medals": 3.0}, {"medals": 2.0}])
    if run.phase == "full":
        raise ValueError("the last batch has no labels")
    run.save_model({"w": [1, 2]})
