import { Adam, distill, type Model } from 'whittle-ml';
import { type Labelled, tensorOf } from './images.ts';
import { dense, type Make } from './networks.ts';
import type { Context, Outcome, Paper, Published, Row } from './paper.ts';
import { BATCH, courseOf, errorsOf, train } from './training.ts';

export const TEACHER = { units: [1200, 1200], epochs: 32, rate: 1e-3, dropout: [0.2, 0.5, 0.5], jitter: 2 } as const;
const STUDENT = { units: [800, 800], epochs: 20, rate: 1e-3, alpha: 0.9, temperatures: [2.5, 8, 20] } as const;

/** How much longer an epoch takes than one of LeNet-300-100, roughly: by the numbers that are multiplied. */
const COSTS = { teacher: 9, student: 5 };

const outcomeOf = (model: Model, test: Labelled, epochs: number): Outcome => ({
  wrong: errorsOf(model, test),
  of: test.labels.length,
  epochs,
});

/** The teacher, trained with dropout on images that move, by the row that makes it. */
export function teacherRow(quick: boolean): { epochs: number; row: Row; model: (context: Context) => Model } {
  const { units, rate, dropout, jitter } = TEACHER;
  const epochs = quick ? 3 : TEACHER.epochs;
  const model = ({ images, seed, tell, model: held }: Context): Model =>
    held('teacher', () => {
      const made = dense(...units)(images.train, seed, { dropout });
      train(made, { samples: images.train, epochs, rate, jitter, tell });
      return made;
    });
  const row: Row = {
    name: 'teacher, 1200-1200, dropout and jitter',
    cost: COSTS.teacher * epochs,
    run: (context) => outcomeOf(model(context), context.images.test, epochs),
  };
  return { epochs, row, model };
}

export function distillation(quick: boolean): Paper {
  const teacher = teacherRow(quick);
  const epochs = quick ? 2 : STUDENT.epochs;
  const { units, rate, alpha, temperatures } = STUDENT;
  const make: Make = dense(...units);
  const distilled = (temperature: number, published?: Published): Row => ({
    name: `student, distilled at ${temperature}`,
    ...(published && { published }),
    cost: COSTS.student * epochs,
    run(context) {
      const { images, seed, tell } = context;
      const student = make(images.train, seed, {});
      const { model } = distill({
        teacher: teacher.model(context),
        student,
        x: tensorOf(images.train, student.inputShape),
        y: images.train.labels,
        temperature,
        alpha,
        optimizer: new Adam({ learningRate: rate }),
        epochs,
        batchSize: BATCH,
        callbacks: courseOf({ rate, epochs, tell }),
      });
      return outcomeOf(model, images.test, epochs);
    },
  });
  return {
    name: 'distillation',
    title: 'Distillation',
    source:
      'Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network", section 3: 67, 146 and 74 errors of 10,000.',
    settings: { teacher: { ...TEACHER, epochs: teacher.epochs }, student: { ...STUDENT, epochs }, batch: BATCH },
    rows: [
      { ...teacher.row, published: { error: 0.0067 } },
      {
        name: 'student, 800-800, labels alone',
        published: { error: 0.0146 },
        cost: COSTS.student * epochs,
        run(context) {
          const { images, seed, tell } = context;
          const student = make(images.train, seed, {});
          train(student, { samples: images.train, epochs, rate, tell });
          return outcomeOf(student, images.test, epochs);
        },
      },
      ...temperatures.map((temperature) => distilled(temperature, temperature === 20 ? { error: 0.0074 } : undefined)),
    ],
    differs: [
      `Adam whose rate falls along a cosine, for ${teacher.epochs} epochs of the teacher and ${epochs} of each student; the paper does not say how long, and had momentum.`,
      `The soft targets have the weight ${alpha} and the labels ${(1 - alpha).toFixed(1)}; the paper does not say its weights for MNIST.`,
    ],
    leftOut: [
      'The constraint on the lengths of weights, and the transfer sets without 3s or with 7s and 8s alone.',
      'Students of 300 and of 30 units a layer.',
    ],
  };
}
