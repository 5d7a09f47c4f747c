// More data: the same network, for as many steps, on more and more samples of a curve with noise. It is judged on 1,000
// others, since the error on what was learned says nothing of new samples: it is lowest where ten were learned by heart.
// The least that any network can have on others is the variance of the noise, 0.09. The network and its training are
// written out.
//
//   npm run build && node examples/article/I.6.1-more-data.mjs
//
// prints
//
//   10 samples: error 0.029 on them, 0.362 on others
//   30 samples: error 0.053 on them, 0.167 on others
//   100 samples: error 0.092 on them, 0.099 on others
//   300 samples: error 0.093 on them, 0.094 on others
//   1000 samples: error 0.086 on them, 0.092 on others
import { Adam, add, matmul, mean, mul, Random, sin, square, sub, tanh, zeros } from 'whittle-ml';

function samples(stream, count) {
  const random = new Random(1, stream);
  const x = random.uniform([count, 1], -1, 1);
  return [x, add(sin(mul(x, 4)), random.normal([count, 1], 0, 0.3))];
}

const others = samples('test', 1000);
for (const size of [10, 30, 100, 300, 1000]) {
  const train = samples('train', size);
  const random = new Random(1, 'weights');
  const weights = [random.normal([1, 32]), zeros([32]), random.normal([32, 1], 0, 0.2), zeros([1])];
  const [w, b, v, c] = weights;
  const loss = (x, y) => mean(square(sub(add(matmul(tanh(add(matmul(x, w), b)), v), c), y)));
  const optimizer = new Adam({ learningRate: 0.01 });
  for (let step = 0; step < 2000; step++) optimizer.minimize(loss, weights, { batch: train, replayable: true });
  const [own, judged] = [train, others].map((pair) =>
    loss(...pair)
      .item()
      .toFixed(3),
  );
  console.log(`${size} samples: error ${own} on them, ${judged} on others`);
}
